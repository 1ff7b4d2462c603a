import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leaseText } from '../../../src/state/lease-record.ts';
import { awaitLock, blockForLock, tryLock } from '../../../src/state/lock.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';

const HOLDER = fileURLToPath(new URL('../../fixtures/bin/lock-holder.ts', import.meta.url));

let root: string;
let dir: string;
const children: ReturnType<typeof spawn>[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lock-'));
  dir = join(root, 'locks', 'acc1');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(root, { recursive: true, force: true });
});

describe('a lock', () => {
  test('has one holder, also within a process, and can be had again', () => {
    const lock = tryLock(dir);
    expect(lock?.isHeld()).toBe(true);
    expect(tryLock(dir)).toBeUndefined();
    lock?.release();
    expect(tryLock(dir)).toBeDefined();
  });

  test('leaves one small file, however often it was taken', () => {
    for (let i = 0; i < 50; i++) tryLock(dir)?.release();
    expect(readdirSync(dir)).toEqual(['lease.50']);
    expect(readdirSync(join(root, 'locks'))).toEqual(['acc1']);
  });

  test('held by another process is waited for, not for ever', async () => {
    const holder = await startHolder('hold');
    expect(tryLock(dir)).toBeUndefined();
    expect(await awaitLock(dir, 50)).toBeUndefined();
    expect(blockForLock(dir, 50)).toBeUndefined();
    const waiting = awaitLock(dir, 30_000);
    holder.stdin?.end();
    expect(await waiting).toBeDefined();
  });

  test('of a killed process is free', async () => {
    const holder = await startHolder('hold');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(tryLock(dir)).toBeDefined();
  });

  test('that a killed process shared is free when its helper has ended, too', async () => {
    const holder = await startHolder('share');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(tryLock(dir)).toBeUndefined();
    process.kill(Number(readFileSync(join(root, 'helper'), 'utf8')), 'SIGKILL');
    expect(await awaitLock(dir, 30_000)).toBeDefined();
  });

  test('of a process whose pid is another’s now is free', () => {
    const lock = tryLock(dir);
    expect(lock).toBeDefined();
    writeFileSync(join(dir, 'lease.1'), leaseText([{ ...ownIdentity(), startTime: '1' }]));
    expect(tryLock(dir)).toBeDefined();
    // Whoever was thought dead takes nothing away from its successor.
    lock?.release();
    expect(lock?.isHeld()).toBe(false);
    expect(tryLock(dir)).toBeUndefined();
  });

  test('that a power cut has emptied is free', () => {
    tryLock(dir);
    writeFileSync(join(dir, 'lease.1'), '');
    expect(tryLock(dir)).toBeDefined();
  });

  test('six processes at once count to 120, one at a time', async () => {
    mkdirSync(join(root, 'locks'), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, 'count'), '0');
    const counters = [...Array(6).keys()].map(() => startProcess('count'));
    const ends = await Promise.all(counters.map((child) => once(child, 'exit')));
    expect(ends.map(([code]) => code)).toEqual(Array(6).fill(0));
    expect(readFileSync(join(root, 'count'), 'utf8')).toBe('120');
  });
});

async function startHolder(mode: 'hold' | 'share') {
  const child = startProcess(mode);
  if (child.stdout === null) throw new Error('no pipe');
  await once(child.stdout, 'data');
  return child;
}

function startProcess(mode: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, mode, dir, root], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}
