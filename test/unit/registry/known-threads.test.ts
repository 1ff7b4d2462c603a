import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findLastCopy, listKnownThreads } from '../../../src/registry/known-threads.ts';
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

test.each<[string, LaunchRecord[], string | undefined]>([
  ['nobody copied it', [launch([segment(1, 'acc1', 'a')])], undefined],
  ['a copy', [launch([segment(1, 'acc2', 'a'), segment(2, 'acc2', 'b', 'a')])], 'b'],
  [
    'a copy of the copy, made later',
    [
      launch([segment(1, 'acc2', 'a'), segment(2, 'acc2', 'b', 'a')]),
      launch([segment(3, 'acc1', 'b'), segment(4, 'acc1', 'c', 'b')]),
    ],
    'c',
  ],
  [
    'the copy, which was resumed after another copy was made',
    [
      launch([segment(1, 'acc2', 'a'), segment(2, 'acc2', 'b', 'a')]),
      launch([segment(3, 'acc3', 'a'), segment(4, 'acc3', 'c', 'a')]),
      launch([segment(5, 'acc2', 'b')]),
    ],
    'b',
  ],
  [
    'the thread itself, which its own account resumed later',
    [
      launch([segment(1, 'acc2', 'a'), segment(2, 'acc2', 'b', 'a')]),
      launch([segment(3, 'acc1', 'a')]),
    ],
    undefined,
  ],
  [
    'a copy that is gone',
    [launch([segment(1, 'acc2', 'a'), { ...segment(2, 'acc2', 'b', 'a'), rollout: '/gone' }])],
    undefined,
  ],
  ['another thread', [launch([segment(1, 'acc2', 'x'), segment(2, 'acc2', 'y', 'x')])], undefined],
])('the work on a thread went on last in: %s', (_, launches, copy) => {
  expect(findLastCopy('a', launches)).toBe(copy);
  expect(findLastCopy('a', launches.toReversed())).toBe(copy);
});
