import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findThreads } from '../../../src/codex/find-threads.ts';
import { listRolloutsByDate, readThreadStart } from '../../../src/codex/rollout-dates.ts';
import { readThreadPreview } from '../../../src/codex/thread-preview.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const idOf = (number: number) => `0190a000-0000-7000-8000-${String(number).padStart(12, '0')}`;

/** Writes a rollout with this head; last written at `minute`. */
function writeRollout(
  home: string,
  number: number,
  { day = '2026/11/21', minute = number, cwd = '/repo', source = 'cli' as unknown, more = '' } = {},
): string {
  const directory = join(home, 'sessions', day);
  mkdirSync(directory, { recursive: true });
  const date = day.replaceAll('/', '-');
  const file = join(directory, `rollout-${date}T03-04-05-${idOf(number)}.jsonl`);
  const meta = { type: 'session_meta', payload: { id: idOf(number), cwd, source } };
  writeFileSync(file, `${JSON.stringify(meta)}\n${more}`);
  utimesSync(file, 1_800_000_000 + minute * 60, 1_800_000_000 + minute * 60);
  return file;
}

describe('the threads of a home', () => {
  test('are those last written, not those begun last', async () => {
    const home = makeScratchHome().sharedHome;
    writeRollout(home, 1, { day: '2025/12/31', minute: 9 });
    writeRollout(home, 2, { minute: 3 });
    writeRollout(home, 3, { minute: 5, cwd: '/elsewhere' });
    writeRollout(home, 4, { minute: 7, source: { subagent: 'review' } });
    mkdirSync(join(home, 'sessions/2026/11/21/rollout-2026-11-21T00-00-00-x.jsonl'));
    const find = (limit: number, fits: (cwd: string | undefined) => boolean = () => true) =>
      findThreads({ codexHome: home, known: [], fits: ({ cwd }) => fits(cwd), limit });
    expect((await find(9)).map(({ id }) => id)).toEqual([idOf(1), idOf(3), idOf(2)]);
    expect((await find(1)).map(({ id }) => id)).toEqual([idOf(1)]);
    expect(await find(9, (cwd) => cwd === '/elsewhere')).toMatchObject([
      { id: idOf(3), cwd: '/elsewhere', source: 'cli' },
    ]);
  });

  test('that are known are found among any number of younger ones', async () => {
    const home = makeScratchHome().sharedHome;
    const known = writeRollout(home, 0, { day: '2024/01/01', minute: 5000 });
    for (let number = 1; number <= 1010; number++) writeRollout(home, number);
    const fits = () => true;
    expect(await findThreads({ codexHome: home, known: [known, known], fits, limit: 1 })).toEqual([
      expect.objectContaining({ id: idOf(0), rollout: known }),
    ]);
  });

  test('are listed from the youngest day on; a home without any has none', () => {
    const home = makeScratchHome().sharedHome;
    expect([...listRolloutsByDate(home)]).toEqual([]);
    const files = ['2025/12/31', '2026/02/01', '2026/11/09', '2026/11/10'].map((day, number) =>
      writeRollout(home, number, { day }),
    );
    writeFileSync(join(home, 'sessions/2026/11/10/notes.txt'), '');
    mkdirSync(join(home, 'sessions/tmp'));
    expect([...listRolloutsByDate(home)]).toEqual(files.reverse());
    expect(readThreadStart(files[0] as string)).toBe(new Date(2026, 10, 10, 3, 4, 5).getTime());
    expect(readThreadStart('/x/rollout-x.jsonl')).toBeUndefined();
  });
});

describe('the preview of a thread', () => {
  const line = (payload: object) => JSON.stringify({ type: 'event_msg', payload });
  const item = (text: string) => ({
    type: 'item_completed',
    item: { type: 'UserMessage', content: [{ type: 'text', text }, { type: 'image' }] },
  });
  test.each([
    ['legacy', [line({ type: 'user_message', message: 'one\n two' })], 'one two'],
    ['paginated', [line(item('one two'))], 'one two'],
    ['the first of two', [line(item('first')), line(item('second'))], 'first'],
    ['with an escape', [line(item('a\u001b]0;b\u0007c'))], 'a ]0;b c'],
    ['without words', [line(item(' ')), line(item('second'))], 'second'],
    ['quoted elsewhere', [line({ type: 'agent_message', message: '"user_message"' })], undefined],
    ['broken', ['{"type":"user_message', '"user_message"'], undefined],
    ['long', [line(item('x'.repeat(500)))], `${'x'.repeat(119)}…`],
  ])('%s', async (_name, lines, expected) => {
    const home = makeScratchHome().sharedHome;
    const rollout = writeRollout(home, 1, { more: `${lines.join('\n')}\n` });
    expect(await readThreadPreview(rollout)).toBe(expected);
  });

  test('of a file that is gone', async () => {
    expect(await readThreadPreview('/nowhere/rollout.jsonl')).toBeUndefined();
  });
});
