import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  bindLaunch,
  endLaunch,
  isRunning,
  type LaunchRecord,
  launchName,
  moveLaunch,
  pruneLaunches,
  readLaunches,
  writeLaunch,
} from '../../../src/registry/launch-record.ts';
import { ownPlace } from '../../../src/state/machine-place.ts';
import { ownIdentity, processTable } from '../../../src/state/process-identity.ts';
import { makeScratchHome, withUmask } from '../state/scratch-home.ts';

const T = (second: number) => `2026-11-21T03:45:${String(second).padStart(2, '0')}Z`;
const pending = (changes: Partial<LaunchRecord> = {}): LaunchRecord => ({
  version: 1,
  launch: launchName(new Date(T(0)), 42),
  state: 'pending',
  pid: 42,
  cwd: '/repo',
  mode: 'interactive',
  startedAt: T(0),
  segments: [{ target: 'a', from: T(0) }],
  ...changes,
});

test('a launch goes from pending through its segments to its end', () => {
  const paths = makeScratchHome();
  const bound = bindLaunch(pending(), { id: 'thread-1', rollout: '/slot-1/sessions/r.jsonl' });
  const moved = moveLaunch(bound, { target: 'b', from: T(5) });
  const ended = endLaunch(moved, T(9));
  withUmask(0, () => writeLaunch(paths, ended));
  expect(readLaunches(paths)).toEqual({ launches: [ended], notices: [] });
  expect(ended).toMatchObject({
    state: 'ended',
    thread: 'thread-1',
    endedAt: T(9),
    segments: [
      { target: 'a', from: T(0), to: T(5) },
      { target: 'b', from: T(5), to: T(9) },
    ],
  });
  const file = join(paths.sessionsDir, `${ended.launch}.json`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('another thread in the same session is a segment of its own', () => {
  const first = bindLaunch(pending(), { id: 'thread-1', rollout: '/r1.jsonl' }, T(1));
  const again = bindLaunch(first, { id: 'thread-1', rollout: '/r1.jsonl' }, T(2));
  expect(again).toEqual(first);
  const second = bindLaunch(first, { id: 'thread-2', rollout: '/r2.jsonl' }, T(3));
  expect(second).toMatchObject({ thread: 'thread-2', rollout: '/r2.jsonl' });
  expect(second.segments).toEqual([
    { target: 'a', from: T(0), to: T(3), thread: 'thread-1', rollout: '/r1.jsonl' },
    { target: 'a', from: T(3), thread: 'thread-2', rollout: '/r2.jsonl' },
  ]);
});

test('an app-server works on its threads at once, under one account after the other', () => {
  const server = pending({ mode: 'app-server', client: 'an editor 1.2' });
  const one = { id: 'thread-1', rollout: '/r1.jsonl', cwd: '/repo' };
  const two = { id: 'thread-2', rollout: '/r2.jsonl', cwd: '/other' };
  const both = bindLaunch(bindLaunch(server, one, T(1)), two, T(2));
  expect(bindLaunch(both, one, T(3)).segments).toEqual(both.segments);
  const moved = moveLaunch(both, { target: 'b', from: T(4) });
  const placed = [
    { thread: 'thread-1', rollout: '/r1.jsonl' },
    { thread: 'thread-2', rollout: '/r2.jsonl', cwd: '/other' },
  ];
  expect(moved.segments).toEqual([
    { target: 'a', from: T(0), to: T(4), ...placed[0] },
    { target: 'a', from: T(2), to: T(4), ...placed[1] },
    { target: 'b', from: T(4), ...placed[0] },
    { target: 'b', from: T(4), ...placed[1] },
  ]);
  const paths = makeScratchHome();
  writeLaunch(paths, endLaunch(moved, T(9)));
  expect(readLaunches(paths).launches).toEqual([endLaunch(moved, T(9))]);
});

test('a launch that was killed runs no more', () => {
  const own = { ...ownIdentity(), processes: processTable() };
  expect(isRunning(pending(own))).toBe(true);
  expect(isRunning(pending({ ...own, startTime: '1' }))).toBe(false);
  expect(isRunning(pending({ ...own, processes: 'another boot' }))).toBe(false);
  expect(isRunning(pending({ ...own, state: 'ended' }))).toBe(false);
});

test('a launch on another machine runs while its record is touched', () => {
  const paths = makeScratchHome();
  const place = { machine: 'm', name: 'n', boot: 'another', pids: 'p' };
  const record = pending({ pid: 999_999_999, startTime: '1', processes: processTable(), place });
  writeLaunch(paths, record);
  expect(isRunning(record, paths)).toBe(true);
  expect(isRunning({ ...record, place: ownPlace() }, paths)).toBe(false);
  const file = join(paths.sessionsDir, `${record.launch}.json`);
  const time = Date.now() / 1000 - 6 * 60;
  utimesSync(file, time, time);
  expect(isRunning(record, paths)).toBe(false);
});

test('reads newest first, no more than asked for, and sets broken records aside', () => {
  const paths = makeScratchHome();
  for (const second of [3, 1, 2]) {
    writeLaunch(
      paths,
      pending({ launch: launchName(new Date(T(second)), 1), startedAt: T(second) }),
    );
  }
  writeFileSync(join(paths.sessionsDir, `${launchName(new Date(T(9)), 1)}.json`), '{');
  const { launches, notices } = readLaunches(paths, { limit: 2, now: new Date(T(30)) });
  expect(launches.map(({ startedAt }) => startedAt)).toEqual([T(3), T(2)]);
  expect(notices).toEqual([expect.stringContaining('.broken-20261121T034530Z')]);
  expect(readLaunches(paths).notices).toEqual([]);
  expect(readdirSync(paths.sessionsDir)).toHaveLength(4);
});

test('of two that began in one second the later one is the newer, whatever their pids', () => {
  const paths = makeScratchHome();
  const [early, late] = ['2026-11-21T03:45:00.100Z', '2026-11-21T03:45:00.900Z'];
  for (const [at, pid] of [
    [early, 9926],
    [late, 10_335],
  ] as const) {
    writeLaunch(paths, pending({ launch: launchName(new Date(at), pid), startedAt: at }));
  }
  const newest = readLaunches(paths, { limit: 1 }).launches;
  expect(newest.map(({ startedAt }) => startedAt)).toEqual([late]);
});

test('nothing there yet', () => {
  expect(readLaunches(makeScratchHome())).toEqual({ launches: [], notices: [] });
  expect(pruneLaunches(makeScratchHome(), new Date())).toBe(0);
});

test('pruned by age and number, but never a launch that did not end', () => {
  const paths = makeScratchHome();
  const now = new Date();
  const write = (second: number, days: number, state: LaunchRecord['state']) => {
    const record = pending({ launch: launchName(new Date(T(second)), days), state });
    writeLaunch(paths, record);
    const file = join(paths.sessionsDir, `${record.launch}.json`);
    const time = now.getTime() / 1000 - days * 86_400;
    utimesSync(file, time, time);
    return file;
  };
  const files = {
    old: write(1, 91, 'ended'),
    oldRunning: write(2, 92, 'bound'),
    young: write(3, 5, 'ended'),
  };
  expect(pruneLaunches(paths, now)).toBe(1);
  expect(
    Object.entries(files)
      .filter(([, file]) => existsSync(file))
      .map(([name]) => name),
  ).toEqual(['oldRunning', 'young']);
  for (let pid = 0; pid < 520; pid++) {
    writeLaunch(paths, pending({ launch: launchName(now, pid), state: 'ended' }));
  }
  pruneLaunches(paths, now);
  expect(readdirSync(paths.sessionsDir)).toHaveLength(501); // 500 newest and the one that did not end
});
