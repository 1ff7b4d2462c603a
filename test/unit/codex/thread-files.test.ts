import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findOpenThread,
  listOpenRollouts,
  parseThreadId,
} from '../../../src/codex/thread-files.ts';
import { sessionMeta } from './rollout-lines.ts';

const id = (digit: number) => `0190a000-0000-7000-8000-00000000000${digit}`;

let home: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'threads-')));
  mkdirSync(join(home, 'sessions'));
  mkdirSync(join(home, 'thread-writer-locks'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(home, { recursive: true });
});

function makeRollout(digit: number, meta: object, modifiedSeconds: number): string {
  const file = join(home, 'sessions', `rollout-2026-11-20T10-00-00-${id(digit)}.jsonl`);
  writeFileSync(file, `${sessionMeta({ id: id(digit), cwd: `/repo-${digit}`, ...meta })}\n`);
  utimesSync(file, modifiedSeconds, modifiedSeconds);
  return file;
}

/** A process that has the files open, below as many shells as told. */
async function hold(files: string[], depth = 0, readOnly: string[] = []): Promise<number> {
  const opened = [...files, ...readOnly]
    .map((file, index) => `exec ${index + 3}${readOnly.includes(file) ? '<' : '>>'}'${file}'`)
    .join('; ');
  const inner = `${opened === '' ? ':' : opened}; echo ready; while :; do sleep 100; done`;
  const wrapped = Array.from({ length: depth }).reduce(
    (script: string) =>
      `sh -c "$0" & wait`.replace('$0', script.replaceAll('"', '\\"').replaceAll('$', '\\$')),
    inner,
  );
  child = spawn('sh', ['-c', wrapped], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const held = child;
  child.kill = () => process.kill(-(held.pid as number), 'SIGKILL');
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child.pid as number;
}

describe('findOpenThread', () => {
  test.each([0, 1])('the newest root thread, %i processes below', async (depth) => {
    const files = [
      makeRollout(1, {}, 1000),
      makeRollout(2, { source: 'cli' }, 2000),
      makeRollout(3, { source: { subagent: {} } }, 3000),
    ];
    makeRollout(4, {}, 4000);
    const pid = await hold(files, depth);
    expect((await listOpenRollouts(pid)).toSorted()).toEqual(files);
    expect(await findOpenThread(pid)).toEqual({
      threadId: id(2),
      rollout: files[1],
      cwd: '/repo-2',
    });
  });

  test('with a writer lock: the rollout of that thread, not one that it only looks into', async () => {
    const own = makeRollout(1, {}, 1000);
    const other = makeRollout(2, {}, 2000);
    const lock = join(home, 'thread-writer-locks', `${id(1)}.lock`);
    expect(await listOpenRollouts(await hold([own, other, lock]))).toEqual([own]);
  });

  test('a rollout that cannot be its own is passed over', async () => {
    const own = makeRollout(1, {}, 1000);
    const other = makeRollout(2, {}, 2000);
    const pid = await hold([own, other]);
    expect(await findOpenThread(pid, (rollout) => rollout !== other)).toMatchObject({
      rollout: own,
    });
  });

  test('one that is only read is not its own', async () => {
    const [own, other] = [makeRollout(1, {}, 1000), makeRollout(2, {}, 2000)];
    expect(await listOpenRollouts(await hold([own], 0, [other]))).toEqual([own]);
  });

  test('opened through an overlay it has its name in the shared home', async () => {
    const file = makeRollout(1, {}, 1000);
    symlinkSync(join(home, 'sessions'), join(home, 'overlay'));
    const pid = await hold([file.replace('/sessions/', '/overlay/')]);
    expect(await findOpenThread(pid)).toMatchObject({ rollout: file });
  });

  test('nothing open, a strange file, a process gone', async () => {
    const strange = join(home, 'sessions', `rollout-x-${id(1)}.jsonl`);
    writeFileSync(strange, 'garbage');
    const pid = await hold([strange]);
    expect(await findOpenThread(pid)).toBeUndefined();
    expect(await findOpenThread(2 ** 22 + 1)).toBeUndefined();
  });
});

test.each([
  [`/s/2026/11/20/rollout-2026-11-20T10-00-00-${id(1)}.jsonl`, id(1)],
  [`/s/rollout-2026-11-20T10-00-00-${id(1)}_${id(2)}.jsonl`, id(1)],
  [`/s/rollout-2026-11-20T10-00-00-${id(1)}.jsonl.zst`, undefined],
  [`/s/${id(1)}.jsonl`, undefined],
  ['/s/history.jsonl', undefined],
])('parseThreadId %s', (file, expected) => {
  expect(parseThreadId(file)).toBe(expected);
});
