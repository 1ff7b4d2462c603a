import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { FREE_LEASE } from '../../../src/state/lease-record.ts';
import { tryLock } from '../../../src/state/lock.ts';
import { mendLeases } from '../../../src/state/mend-leases.ts';

const HOLDER = fileURLToPath(new URL('../../fixtures/bin/lock-holder.ts', import.meta.url));

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mend-'));
  dir = join(root, 'locks', 'acc1');
  tryLock(dir)?.release();
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As if nobody had changed anything in it for so long. */
function leaveAlone(seconds: number): number {
  const time = Date.now() / 1000 - seconds;
  utimesSync(dir, time, time);
  return Math.floor(time * 1e6);
}

test('a lock whose leases were removed can be had again, after a minute, and once', () => {
  expect(tryLock(dir)).toBeUndefined();
  leaveAlone(58);
  expect(tryLock(dir)).toBeUndefined();
  leaveAlone(61);
  const lock = tryLock(dir);
  expect(lock?.isHeld()).toBe(true);
  expect(tryLock(dir)).toBeUndefined();
  lock?.release();
  expect(readdirSync(dir)).toHaveLength(1);
  expect(tryLock(dir)).toBeDefined();
});

test('what else is in the directory is not taken for a lease', () => {
  writeFileSync(join(dir, 'lease.x'), '');
  writeFileSync(join(dir, '.lease.hotswap-1-00000000'), '');
  leaveAlone(61);
  expect(tryLock(dir)).toBeDefined();
});

test('a time in the future, as of a clock that was put back, mends it, too', () => {
  leaveAlone(-3600);
  expect(tryLock(dir)).toBeDefined();
});

test('one that slept after its look makes nothing that counts', () => {
  const number = leaveAlone(61);
  expect(mendLeases(dir)).toBe(true);
  const lock = tryLock(dir);
  // It had seen the same time, so it makes the same number, long after that was given away.
  const made = readdirSync(dir).map((name) => Number(name.slice('lease.'.length)));
  expect(made).toHaveLength(1);
  expect(Math.abs((made[0] as number) - number - 1)).toBeLessThan(2000);
  writeFileSync(join(dir, `lease.${(made[0] as number) - 1}`), '');
  expect(lock?.isHeld()).toBe(true);
  expect(tryLock(dir)).toBeUndefined();
  lock?.release();
  expect(tryLock(dir)).toBeDefined();
  expect(readdirSync(dir)).toEqual([`lease.${(made[0] as number) + 1}`]);
});

test('six processes that find the damage at once count to 120, one at a time', async () => {
  writeFileSync(join(root, 'count'), '0');
  leaveAlone(61);
  const args = ['--import', 'tsx', HOLDER, 'count', dir, root];
  const counters = [...Array(6).keys()].map(() => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  });
  const ends = await Promise.all(counters.map((child) => once(child, 'exit')));
  expect(ends.map(([code]) => code)).toEqual(Array(6).fill(0));
  expect(readFileSync(join(root, 'count'), 'utf8')).toBe('120');
});

test('a directory with a lease, and one that is gone, are left as they are', () => {
  writeFileSync(join(dir, 'lease.7'), FREE_LEASE);
  leaveAlone(61);
  expect(mendLeases(dir)).toBe(true);
  expect(readdirSync(dir)).toEqual(['lease.7']);
  expect(mendLeases(join(root, 'gone'))).toBe(true);
});
