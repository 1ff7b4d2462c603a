import { dirname } from 'node:path';
import { ensurePrivateDir } from './files.ts';
import { claimLease, ensureLeaseDir, freeLease, holdsLease, setUsers } from './generations.ts';
import { ownIdentity, processStartTime } from './process-identity.ts';

/** A lock between processes. It is let go by itself when its last holder dies. */
export interface Lock {
  /** A helper of ours holds it, too: what it has begun must be over before somebody else begins. */
  share(pid: number): void;
  isHeld(): boolean;
  release(): void;
}

const POLL_MS = 15;

/**
 * Takes the lock, if it is free or its holders are dead (see generations.ts).
 * @param dir the directory that stands for it, made when it is missing.
 * @throws HotswapError `home-unwritable`, `unsafe-path`.
 */
export function tryLock(dir: string): Lock | undefined {
  const owner = ownIdentity();
  ensurePrivateDir(dirname(dir));
  ensureLeaseDir(dir);
  const claim = claimLease(dir, owner);
  if (claim === undefined) return undefined;
  const { generation } = claim;
  return {
    share(pid) {
      const startTime = processStartTime(pid);
      if (startTime !== undefined) setUsers(dir, generation, [owner, { pid, startTime }]);
    },
    isHeld: () => holdsLease(dir, generation),
    release: () => freeLease(dir, generation),
  };
}

/** The same, tried again for so long. */
export async function awaitLock(dir: string, timeoutMs: number): Promise<Lock | undefined> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const lock = tryLock(dir);
    if (lock !== undefined || Date.now() >= deadline) return lock;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The same for one who cannot wait in the background: nothing else runs in this process meanwhile. */
export function blockForLock(dir: string, timeoutMs: number): Lock | undefined {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const lock = tryLock(dir);
    if (lock !== undefined || Date.now() >= deadline) return lock;
    Atomics.wait(clock, 0, 0, POLL_MS);
  }
}
