import { renameSync, rmSync } from 'node:fs';
import { HotswapError } from '../errors.ts';
import { attempt } from './attempt.ts';
import { cannotWrite, temporaryName } from './files.ts';
import { blockForLock, type Lock } from './lock.ts';
import type { Paths } from './paths.ts';

/**
 * The answer to a lock that another process holds for too long. `fail`: for commands, which a person can repeat. `go-on`
 * without the lock: for sessions, which must not stop.
 */
type WhenBusy = 'fail' | 'go-on';

/**
 * A change takes milliseconds, so a process that holds the lock for longer hangs, or its disk does. A session cannot work
 * while it waits, so it waits less than a command.
 */
const WAIT_MS: Record<WhenBusy, number> = { fail: 10_000, 'go-on': 3_000 };
/** After a wait in vain, a session does not wait for this lock again for so long. */
const NO_SECOND_WAIT_MS = 60_000;

/**
 * Reads, changes and writes our records (account states, current.json, linked.json) while no other process does. `change`
 * must be synchronous, and must contain the read. A nested change is a part of the outer one. Without the lock after the
 * wait, the change is made without it.
 * @param paths.recordsLock the lock; not that of an account, which is held for seconds while a token is refreshed.
 * @returns what `change` returns.
 * @throws what `change` throws.
 */
export function changeRecords<Result>(
  { recordsLock }: Pick<Paths, 'recordsLock'>,
  change: () => Result,
  waitMs?: number,
): Result {
  return underLock(recordsLock, 'go-on', change, waitMs);
}

/**
 * Changes the configuration, under its own lock, because that takes longer and a session must not wait for it. `change` may
 * call {@link changeRecords}; the reverse is not allowed.
 * @throws HotswapError `in-use` when another process holds the lock, `home-unwritable` when no lock can be made, and what
 * `change` throws.
 */
export function changeConfig<Result>(
  { configLock }: Pick<Paths, 'configLock'>,
  change: () => Result,
  waitMs?: number,
): Result {
  return underLock(configLock, 'fail', change, waitMs);
}

/**
 * Calls `change` under a lock that is never held for long.
 * @param dir the lock (see lock.ts).
 */
export function underLock<Result>(
  dir: string,
  whenBusy: WhenBusy,
  change: () => Result,
  waitMs = WAIT_MS[whenBusy],
): Result {
  if (held.has(dir)) return change();
  const lock = reuseLock(dir) ?? takeLock(dir, whenBusy, waitMs);
  if (lock === undefined) return change();
  held.add(dir);
  try {
    return change();
  } finally {
    held.delete(dir);
    releaseLock(dir, lock);
  }
}

/** The locks that a change of this process holds now. */
const held = new Set<string>();
/** Locks that could not be released: they stay ours until this process ends. */
const unreleased = new Map<string, Lock>();
/** When a wait for a lock was in vain, by the monotonic clock. */
const missedAt = new Map<string, number>();

function reuseLock(dir: string): Lock | undefined {
  const lock = unreleased.get(dir);
  unreleased.delete(dir);
  // It throws when the directory is gone, and the lock with it.
  return attempt(() => lock?.isHeld()) ? lock : undefined;
}

function takeLock(dir: string, whenBusy: WhenBusy, waitMs: number): Lock | undefined {
  const missed = missedAt.get(dir) ?? Number.NEGATIVE_INFINITY;
  const isStuck = whenBusy === 'go-on' && performance.now() - missed < NO_SECOND_WAIT_MS;
  let lock: Lock | undefined;
  try {
    lock = blockForLock(dir, isStuck ? 0 : waitMs);
    if (lock !== undefined) missedAt.delete(dir);
    else if (!isStuck) missedAt.set(dir, performance.now());
  } catch (error) {
    if (whenBusy === 'fail') throw cannotWrite(dir, error);
    return undefined; // for example a full disk: the write of the change reports it
  }
  if (lock === undefined && whenBusy === 'fail') {
    throw new HotswapError(
      'in-use',
      'another codex-hotswap is changing the configuration',
      'try again in a moment',
    );
  }
  return lock;
}

// A release writes a file, which a full disk refuses. Then the directory of the lock is removed, which frees the lock, too:
// other processes must not wait for a session that lives for hours.
function releaseLock(dir: string, lock: Lock): void {
  try {
    lock.release();
  } catch {
    try {
      const aside = `${dir}${temporaryName('lock')}`;
      renameSync(dir, aside);
      rmSync(aside, { recursive: true, force: true });
    } catch {
      unreleased.set(dir, lock);
    }
  }
}
