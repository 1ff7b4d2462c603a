import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  claimLease,
  ensureLeaseDir,
  freeLease,
  setUsers,
} from '../../../src/state/directory-lease.ts';
import { BEAT_MS, startBeating, stopBeating } from '../../../src/state/heartbeat.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'beats-'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

const makeOld = (file: string) => utimesSync(file, 1000, 1000);
const isOld = (file: string) => statSync(file).mtimeMs === 1_000_000;

test('a lease is touched each minute while it is held, and its content stays', () => {
  const dir = join(root, 'thing');
  ensureLeaseDir(dir);
  const own = ownIdentity();
  expect(claimLease(dir, own)).toEqual({ leaseNumber: 1 });
  setUsers(dir, 1, [own, own]);
  const file = join(dir, 'lease.1');
  const before = readFileSync(file, 'utf8');
  for (let minute = 0; minute < 3; minute++) {
    makeOld(file);
    vi.advanceTimersByTime(BEAT_MS - 1);
    expect(isOld(file)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(isOld(file)).toBe(false);
  }
  expect(readFileSync(file, 'utf8')).toBe(before);
  freeLease(dir, 1);
  makeOld(file);
  vi.advanceTimersByTime(5 * BEAT_MS);
  expect(isOld(file)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('one timer is enough for all, and none is left when nothing is held', () => {
  const files = ['a', 'b', 'c'].map((name) => join(root, name));
  for (const file of files) writeFileSync(file, 'content');
  for (const file of files) startBeating(file);
  expect(vi.getTimerCount()).toBe(1);
  for (const file of files) makeOld(file);
  rmSync(files[1] as string); // lost: the others are touched all the same
  vi.advanceTimersByTime(BEAT_MS);
  expect([files[0], files[2]].map((file) => isOld(file as string))).toEqual([false, false]);
  for (const file of files) stopBeating(file);
  expect(vi.getTimerCount()).toBe(0);
});

test('a file that is replaced is touched by its name; an empty one stays empty', () => {
  const file = join(root, 'record');
  writeFileSync(file, 'one');
  startBeating(file);
  writeFileSync(join(root, 'next'), '');
  makeOld(join(root, 'next'));
  renameSync(join(root, 'next'), file);
  vi.advanceTimersByTime(BEAT_MS);
  expect(readFileSync(file, 'utf8')).toBe('');
  stopBeating(file);
});
