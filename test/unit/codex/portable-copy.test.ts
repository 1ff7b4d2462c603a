import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { copyWithoutEncrypted } from '../../../src/codex/portable-copy.ts';
import { parseThreadId } from '../../../src/codex/thread-files.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const ID = '0190a000-0000-7000-8000-000000000001';
const meta = { type: 'session_meta', payload: { id: ID, cwd: '/repo' } };
const prompt = { type: 'response_item', payload: { type: 'message', text: `see ${ID}` } };
const quoting = { type: 'response_item', payload: { type: 'message', text: 'encrypted_content' } };
const reasoning = {
  type: 'response_item',
  payload: { type: 'reasoning', encrypted_content: 'own' },
};
const bare = { type: 'response_item', payload: { type: 'reasoning', summary: [] } };
const summary = {
  type: 'response_item',
  payload: { type: 'compaction', encrypted_content: 'own' },
};
const compacted = (history: unknown[]) => ({
  type: 'compacted',
  payload: { message: 'so far', replacement_history: history },
});

function writeRollout(lines: readonly unknown[], name = `rollout-2026-11-21T03-04-05-${ID}.jsonl`) {
  const file = join(makeScratchHome().sharedHome, name);
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a copy has an id of its own, and nothing that is for one account only', async () => {
  const history = [prompt.payload, reasoning.payload, summary.payload];
  const lines = [meta, prompt, reasoning, bare, summary, quoting, compacted(history), prompt];
  const rollout = writeRollout(lines);
  const before = readFileSync(rollout);
  const copy = await copyWithoutEncrypted(rollout, Date.parse('2026-11-21T03:04:05Z'));

  expect(copy.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(parseThreadId(copy.rollout)).toBe(copy.id);
  expect(basename(copy.rollout)).toMatch(/^rollout-2026-11-21T03-04-05-/);
  const renamed = { ...prompt.payload, text: `see ${copy.id}` };
  expect(linesOf(copy.rollout)).toEqual([
    { ...meta, payload: { ...meta.payload, id: copy.id } },
    { ...prompt, payload: renamed },
    quoting,
    compacted([renamed]),
    { ...prompt, payload: renamed },
  ]);
  expect(readFileSync(rollout)).toEqual(before);
  expect(statSync(copy.rollout).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(rollout, '..')).filter((name) => name.includes('tmp'))).toEqual([]);
});

test('of a later segment of a thread', async () => {
  const copy = await copyWithoutEncrypted(
    writeRollout([meta], `rollout-2026-11-21T03-04-05-${ID}_2.jsonl`),
  );
  expect(basename(copy.rollout)).toBe(`rollout-2026-11-21T03-04-05-${copy.id}.jsonl`);
});

test('of 50 MB in lines of 5 MB, without holding them', async () => {
  const image = {
    type: 'response_item',
    payload: { type: 'message', text: 'x'.repeat(5_000_000) },
  };
  const rollout = writeRollout([meta, ...Array.from({ length: 10 }, () => image)]);
  const before = process.memoryUsage().rss;
  const copy = await copyWithoutEncrypted(rollout);
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  expect(statSync(copy.rollout).size).toBe(statSync(rollout).size);
});

test('of what is no rollout, or not there', async () => {
  await expect(copyWithoutEncrypted('/repo/notes.jsonl')).rejects.toThrow(/no rollout/);
  const gone = join(makeScratchHome().sharedHome, `rollout-2026-11-21T03-04-05-${ID}.jsonl`);
  await expect(copyWithoutEncrypted(gone)).rejects.toThrow(/ENOENT/);
  expect(existsSync(gone)).toBe(false);
});

test('a thread that says that it was forked from itself is not copied, and nothing is left', async () => {
  const day = join(makeScratchHome().sharedHome, 'sessions/2026/11/21');
  mkdirSync(day, { recursive: true });
  const rollout = join(day, `rollout-2026-11-21T03-04-05-${ID}.jsonl`);
  const history_base = { thread_id: ID, end_ordinal_exclusive: 9 };
  writeFileSync(
    rollout,
    `${JSON.stringify({ ...meta, payload: { ...meta.payload, history_base } })}\n`,
  );
  await expect(copyWithoutEncrypted(rollout)).rejects.toThrow('is forked from itself');
  expect(readdirSync(day)).toEqual([basename(rollout)]);
});
