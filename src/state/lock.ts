import { dirname } from 'node:path';
import { claimLease, ensureLeaseDir, freeLease, holdsLease, setUsers } from './directory-lease.ts';
import { ensurePrivateDir } from './files.ts';
import type { Place } from './machine-place.ts';
import { ownIdentity, processStartTime } from './process-identity.ts';

/** A lock between processes. It becomes free when its last holder dies. */
export interface Lock {
  /** Makes a child of ours a second holder: its work must end before another process gets the lock. */
  share(pid: number): void;
  isHeld(): boolean;
  release(): void;
}

const POLL_MS = 15;

/** Version 0.1.0 holds a lock for two minutes at most. */
const OLD_LOCK_MS = 3_600_000;

/**
 * Takes the lock, if it is free or its holders are dead (see directory-lease.ts).
 * @param dir the directory of the lock; made when it is missing.
 * @param here our machine; another one in tests.
 * @throws HotswapError `home-unwritable`, `unsafe-path`.
 */
export function tryLock(dir: string, here?: Place): Lock | undefined {
  const owner = ownIdentity();
  ensurePrivateDir(dirname(dir));
  ensureLeaseDir(dir);
  const claim = claimLease(dir, owner, { here, oldLeaseMs: OLD_LOCK_MS });
  if (claim === undefined) return undefined;
  const { leaseNumber } = claim;
  return {
    share(pid) {
      const startTime = processStartTime(pid);
      if (startTime !== undefined) setUsers(dir, leaseNumber, [owner, { pid, startTime }], here);
    },
    isHeld: () => holdsLease(dir, leaseNumber),
    release: () => freeLease(dir, leaseNumber),
  };
}

/** {@link tryLock}, again and again until the time is over. */
export async function awaitLock(dir: string, timeoutMs: number): Promise<Lock | undefined> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const lock = tryLock(dir);
    if (lock !== undefined || Date.now() >= deadline) return lock;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** {@link awaitLock} for synchronous callers: nothing else runs in this process while it waits. */
export function blockForLock(dir: string, timeoutMs: number): Lock | undefined {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const lock = tryLock(dir);
    if (lock !== undefined || Date.now() >= deadline) return lock;
    Atomics.wait(clock, 0, 0, POLL_MS);
  }
}
