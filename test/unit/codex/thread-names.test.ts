import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readThreadNames, readUnansweredPrompt } from '../../../src/codex/thread-names.ts';
import { event, sessionMeta, taskComplete, taskStarted } from './rollout-lines.ts';

const ID = '01a21caf-950b-7030-b84c-fb75c7343d96';
const OTHER = '01a21caf-950b-7030-b84c-000000000000';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'thread-names-'));
});
afterEach(() => rmSync(home, { recursive: true }));

describe('the name of a thread', () => {
  const index = (...lines: unknown[]) =>
    writeFileSync(
      join(home, 'session_index.jsonl'),
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );

  it('is the last one in the index', () => {
    index({ id: ID, thread_name: 'one' }, { id: ID, thread_name: 'two' }, { id: OTHER }, '');
    expect(readThreadNames(home).get(ID)).toBe('two');
    expect(readThreadNames(home).get(OTHER)).toBeUndefined();
  });

  it.each<[string, unknown[]]>([
    ['of another thread, that mentions it', [{ id: OTHER, thread_name: ID }]],
    ['of a wrong type', [{ id: ID, thread_name: 7 }]],
    ['in half a line', [`{"id":"${ID}","thread_name":"o`]],
    ['in a list', [[ID]]],
  ])('is not the one %s', (_, lines) => {
    index(...lines);
    expect(readThreadNames(home).get(ID)).toBeUndefined();
  });

  it('is none without an index, and with a directory in its place', () => {
    expect(readThreadNames(home).get(ID)).toBeUndefined();
    mkdirSync(join(home, 'session_index.jsonl'));
    expect(readThreadNames(home).get(ID)).toBeUndefined();
  });

  it('is bounded', () => {
    index({ id: ID, thread_name: 'x'.repeat(100_000) });
    expect(readThreadNames(home).get(ID)?.length).toBeLessThan(10_000);
  });
});

describe('the first prompt of a thread', () => {
  const rollout = (...lines: string[]) => {
    const file = join(home, `rollout-2026-11-20T10-00-00-${ID}.jsonl`);
    writeFileSync(file, [sessionMeta({ id: ID }), ...lines, ''].join('\n'));
    return file;
  };
  const prompt = (message: string) => event({ type: 'user_message', message });
  const begun = [taskStarted('one'), prompt('look for\n\u001b[31m foxes')];

  it('is told until the thread has an answer', async () => {
    expect(await readUnansweredPrompt(rollout(...begun))).toBe('look for [31m foxes');
    const refused = taskComplete({ error: { message: 'limit' } });
    const file = rollout(...begun, refused, taskStarted('two'), prompt('again'));
    expect(await readUnansweredPrompt(file)).toBe('look for [31m foxes');
    const answered = rollout(...begun, taskComplete({ last_agent_message: 'here' }), refused);
    expect(await readUnansweredPrompt(answered)).toBeUndefined();
  });

  it('is none before it is written', async () => {
    expect(await readUnansweredPrompt(rollout())).toBeUndefined();
  });
});
