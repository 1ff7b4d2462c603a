import { renameSync, rmSync } from 'node:fs';
import { HotswapError } from '../errors.ts';
import { cannotWrite, temporaryName } from './files.ts';
import { blockForLock, type Lock } from './lock.ts';
import type { Paths } from './paths.ts';

/**
 * What to do when another process has a lock for longer than we wait: `fail`, where a person can try again; `go-on`
 * without the lock, where a session would stop for it.
 */
type WhenBusy = 'fail' | 'go-on';

/**
 * A change takes milliseconds: who has the lock for longer is stopped, or its disk is. A session stands still while it
 * waits; a command need not mind.
 */
const WAIT_MS: Record<WhenBusy, number> = { fail: 10_000, 'go-on': 3_000 };
/** So long a session does not wait once more for one who kept it waiting. */
const NO_SECOND_WAIT_MS = 60_000;

/**
 * Reads, changes and writes our records (account states, current.json, linked.json) with no other process in between. The
 * read belongs into `change`, which must be synchronous. May be nested: a change inside a change is a part of it. Where
 * the lock is not to be had, the change is made without it.
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
 * The same for the configuration, under a lock of its own, for that takes longer: no session is to wait for it. Records
 * may be changed inside, and not the other way round.
 * @throws HotswapError `in-use` when the lock is not to be had, `home-unwritable` when none can be made, and what `change`
 * throws.
 */
export function changeConfig<Result>(
  { configLock }: Pick<Paths, 'configLock'>,
  change: () => Result,
  waitMs?: number,
): Result {
  return underLock(configLock, 'fail', change, waitMs);
}

/**
 * Does something under a lock that is never held for long.
 * @param dir the lock (see lock.ts).
 */
export function underLock<Result>(
  dir: string,
  whenBusy: WhenBusy,
  change: () => Result,
  waitMs = WAIT_MS[whenBusy],
): Result {
  if (held.has(dir)) return change();
  const lock = reuse(dir) ?? take(dir, whenBusy, waitMs);
  if (lock === undefined) return change();
  held.add(dir);
  try {
    return change();
  } finally {
    held.delete(dir);
    letGo(dir, lock);
  }
}

/** The locks under which this process works now. */
const held = new Set<string>();
/** Those that could not be given back: ours for as long as we live. */
const unreleased = new Map<string, Lock>();
/** When a lock was waited for in vain, by the clock of this process. */
const missedAt = new Map<string, number>();

function reuse(dir: string): Lock | undefined {
  const lock = unreleased.get(dir);
  unreleased.delete(dir);
  try {
    return lock?.isHeld() ? lock : undefined;
  } catch {
    return undefined; // the directory is gone, and with it the lock
  }
}

function take(dir: string, whenBusy: WhenBusy, waitMs: number): Lock | undefined {
  const missed = missedAt.get(dir) ?? Number.NEGATIVE_INFINITY;
  const isStuck = whenBusy === 'go-on' && performance.now() - missed < NO_SECOND_WAIT_MS;
  let lock: Lock | undefined;
  try {
    lock = blockForLock(dir, isStuck ? 0 : waitMs);
    if (lock !== undefined) missedAt.delete(dir);
    else if (!isStuck) missedAt.set(dir, performance.now());
  } catch (error) {
    if (whenBusy === 'fail') throw cannotWrite(dir, error);
    return undefined; // a full disk, say; what is to be written will tell
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

// A release writes a file, which a full disk refuses, and others would wait for a session that lives for hours. A lock
// whose directory is gone is free, too, and that takes no room.
function letGo(dir: string, lock: Lock): void {
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
