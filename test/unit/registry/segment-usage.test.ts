import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { listKnownThreads } from '../../../src/registry/known-threads.ts';
import type { LaunchRecord, Segment } from '../../../src/registry/launch-record.ts';
import { gatherUsage } from '../../../src/registry/segment-usage.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const T = (second: number) => `2026-11-21T03:45:${String(second).padStart(2, '0')}.000Z`;
const identity = (name: string) => ({ userId: `user-${name}`, accountId: `account-${name}` });
const count = (second: number, used: number) =>
  JSON.stringify({
    timestamp: T(second),
    type: 'event_msg',
    payload: {
      type: 'token_count',
      rate_limits: { primary: { used_percent: used, window_minutes: 300, resets_at: 9 } },
    },
  });

function makeRecord(segments: Segment[]): LaunchRecord {
  const base = { version: 1, launch: 'x', state: 'ended', pid: 1, cwd: '/repo' } as const;
  return { ...base, mode: 'interactive', startedAt: T(0), segments };
}

test('each account learns what was counted while it ran, and nobody else’s', async () => {
  const paths = makeScratchHome();
  const rollout = join(paths.sharedHome, 'rollout.jsonl');
  const counts = [count(1, 5), count(11, 20), count(12, 100), count(21, 30), count(31, 99)];
  writeFileSync(rollout, `${counts.join('\n')}\n`);
  const place = { thread: 'thread-1', rollout };
  const record = makeRecord([
    { target: 'a', identity: identity('a'), from: T(10), to: T(20), ...place },
    { target: 'b', identity: identity('b'), from: T(20), to: T(30), ...place },
    { target: 'c', identity: identity('c'), from: T(30), to: T(40), ...place },
    { target: 'd', identity: identity('d'), from: T(40), to: T(50) },
  ]);
  // The vault of c has another login in it since.
  const held = (name: string) => identity(name === 'c' ? 'other' : name);
  const told = await gatherUsage(paths, record, held, Date.parse(T(59)));

  const usage = (name: string) => readAccountState(paths, name).state.usage;
  const from = { source: 'session', ...place };
  expect(usage('a')).toMatchObject({
    ...from,
    capturedAt: Date.parse(T(12)) / 1000,
    windows: [{ minutes: 300, usedPercent: 100, resetsAt: 9 }],
  });
  expect(usage('b')).toMatchObject({ ...from, windows: [{ usedPercent: 30 }] });
  expect(usage('c')).toBeUndefined();
  expect(usage('d')).toBeUndefined();
  expect(told.segments).toMatchObject([
    { firstTokenCountAt: T(11), lastTokenCountAt: T(12) },
    { firstTokenCountAt: T(21), lastTokenCountAt: T(21) },
    { firstTokenCountAt: T(31) },
    {},
  ]);
  // A rollout that is gone takes nothing away.
  const gone = makeRecord([{ ...(told.segments[0] as Segment), rollout: '/nowhere' }]);
  expect(await gatherUsage(paths, gone, held, 0)).toEqual(gone);
});

test('the threads on record: where they were begun and where they ran last', () => {
  const paths = makeScratchHome();
  const rollout = (name: string) => {
    const file = join(paths.sharedHome, name);
    writeFileSync(file, '');
    return file;
  };
  const [one, two] = [rollout('one'), rollout('two')];
  const newer = makeRecord([
    { target: 'b', from: T(30), thread: '1', rollout: one },
    { target: 'c', from: T(40), thread: '1', rollout: one },
    { target: 'c', from: T(50), thread: '2', rollout: two },
    { target: 'c', from: T(51) },
  ]);
  const older = makeRecord([
    { target: 'a', from: T(10), thread: '1', rollout: one },
    { target: 'a', from: T(20), thread: '3', rollout: '/nowhere' },
  ]);
  expect(listKnownThreads([newer, older])).toMatchObject([
    { thread: '2', first: { target: 'c' }, last: { target: 'c' } },
    { thread: '1', rollout: one, first: { target: 'a' }, last: { target: 'c' } },
  ]);
});
