import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { listKnownThreads } from '../../../src/registry/known-threads.ts';
import type { LaunchRecord, Segment } from '../../../src/registry/launch-record.ts';

/** Any file that is there. */
const rollout = fileURLToPath(import.meta.url);

const segment = (from: number, target: string, thread: string, copyOf?: string): Segment => ({
  ...{ from: `2026-11-21T03:00:0${from}Z`, target, thread, rollout },
  ...(copyOf === undefined ? {} : { copyOf }),
});
const launch = (segments: Segment[]): LaunchRecord => ({
  ...{ version: 1, launch: 'launch', state: 'ended', pid: 1, cwd: '/repo', mode: 'interactive' },
  ...{ startedAt: segments[0]?.from ?? '', segments },
});
const lastTargets = (launches: LaunchRecord[]) =>
  Object.fromEntries(listKnownThreads(launches).map(({ thread, last }) => [thread, last.target]));

test('a thread is its last account’s', () => {
  const first = launch([segment(1, 'acc1', 'a'), segment(2, 'acc2', 'a')]);
  const second = launch([segment(3, 'acc3', 'a'), segment(4, 'acc3', 'b')]);
  expect(lastTargets([second, first])).toEqual({ a: 'acc3', b: 'acc3' });
});

test('but not that of one that went on in a copy, as it may not read the thread', () => {
  const only = launch([
    segment(1, 'acc1', 'a'),
    segment(2, 'acc2', 'a'),
    segment(3, 'acc2', 'b', 'a'),
  ]);
  expect(lastTargets([only])).toEqual({ a: 'acc1', b: 'acc2' });
});

test('which is better than none', () => {
  const only = launch([segment(2, 'acc2', 'a'), segment(3, 'acc2', 'b', 'a')]);
  expect(lastTargets([only])).toEqual({ a: 'acc2', b: 'acc2' });
});
