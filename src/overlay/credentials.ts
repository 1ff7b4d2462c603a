import { isSameInode } from '../accounts/credential/read.ts';
import { attempt } from '../state/attempt.ts';
import { adoptionLockOf } from '../state/paths.ts';
import { underLock } from '../state/records.ts';
import { backUp } from './backup.ts';
import {
  type CredentialsSlot,
  isInStep,
  ownFile,
  sharedFile,
  statBoth,
} from './credentials-files.ts';
import { forgetLinked, readLinked, recordLinked } from './credentials-record.ts';
import { ChangedError, linkShared, removeOwn, writeShared } from './credentials-replace.ts';
import {
  isCovered,
  type LinkedLogins,
  type Logins,
  mergeLogins,
  parseLogins,
  readLogins,
} from './merge-logins.ts';

/**
 * Makes a hard link of the shared file in the slot: both names lead to one inode. On another file system it is a copy.
 * @returns `drifted` when the slot's file differs, or its session has removed the file: then adopt it first.
 */
export function linkCredentials(slot: CredentialsSlot): 'linked' | 'none' | 'drifted' {
  const { ours, theirs } = statBoth(slot);
  if (ours === undefined && theirs === undefined) {
    forgetLinked(slot);
    return 'none';
  }
  if (ours === undefined) {
    if (!theirs?.isFile()) return 'none';
    if (readLinked(slot) !== undefined) return 'drifted';
    linkShared(slot);
    return 'linked';
  }
  if (!isInStep(slot, ours, theirs)) return 'drifted';
  recordLinked(slot, ours);
  return 'linked';
}

/**
 * Merges the session's changes of the file into the shared home, login by login. A login that the session has added or
 * renewed is added there. A login that it has removed is removed there, unless another program has renewed it there. The
 * changes of other programs in the shared file count in the same way. The inode does not show a change, because Codex writes
 * in place, so the recorded content of the linked logins is compared. A removed login is kept in a backup. Then the file is
 * linked again.
 * @returns the outcome; undefined when nothing has changed.
 * @throws what the file system throws; no login was changed then.
 */
export function adoptCredentials(
  slot: CredentialsSlot,
  now: Date,
): { outcome: string; backup?: string } | undefined {
  const { ours, theirs } = statBoth(slot);
  if (ours === undefined && (theirs === undefined || readLinked(slot) === undefined)) {
    return undefined;
  }
  if (ours !== undefined && isSameInode(ours, theirs)) return undefined;
  return underLock(adoptionLockOf(slot.home), 'go-on', () => {
    for (let tries = 1; ; tries++) {
      try {
        return mergeIntoShared(slot, now);
      } catch (error) {
        if (!(error instanceof ChangedError) || tries === MOST_TRIES) throw error;
      }
    }
  });
}

const MOST_TRIES = 5;

/**
 * Removes the slot's file when the slot is released, because the shared file may be replaced while the slot is idle. A file
 * that is not adopted yet, or cannot be removed, stays: the next session in the slot adopts it. Never throws.
 */
export function unlinkCredentials(slot: CredentialsSlot): void {
  attempt(() => {
    const { ours, theirs } = statBoth(slot);
    if (ours !== undefined && !isInStep(slot, ours, theirs)) return;
    // The record is deleted first: a record without a file means that the session has removed the logins.
    forgetLinked(slot);
    if (ours !== undefined) removeOwn(slot, readLogins(ownFile(slot)), [sharedFile(slot)]);
  });
}

function mergeIntoShared(
  slot: CredentialsSlot,
  now: Date,
): { outcome: string; backup?: string } | undefined {
  const [own, shared] = [ownFile(slot), sharedFile(slot)];
  const linked = readLinked(slot);
  const ours = readLogins(own);
  const theirs = readLogins(shared);
  const merged = mergeLogins(linked, ours, theirs);
  const isNews = merged === undefined ? theirs !== undefined : !theirs?.bytes.equals(merged);
  const losers = [ours, theirs].filter((side) => side && !isKeptBy(merged, side, linked));
  const backups = losers.map((side) => backUp(side === theirs ? shared : own, now, shared));
  const judged = { ours, theirs, linked, backups };
  if (isNews) writeShared(slot, merged, judged);
  if (merged !== undefined) linkShared(slot, judged);
  else if (ours !== undefined) removeOwn(slot, ours, backups, linked);
  if (merged === undefined) forgetLinked(slot);
  const [backup] = backups;
  const outcome = nameOutcome(merged, ours, theirs);
  if (outcome === undefined || (!isNews && backup === undefined && outcome !== REMOVED_THERE)) {
    return undefined;
  }
  return { outcome, ...(backup === undefined ? {} : { backup }) };
}

function nameOutcome(
  merged: Buffer | undefined,
  ours: Logins | undefined,
  theirs: Logins | undefined,
): string | undefined {
  if (merged === undefined) return theirs === undefined ? REMOVED_THERE : 'removed by the session';
  if (theirs === undefined) return 'new';
  if (ours?.bytes.equals(merged)) return 'newer in the session';
  return theirs.bytes.equals(merged) ? 'newer in the Codex home' : 'merged';
}

const REMOVED_THERE = 'removed in the Codex home';

function isKeptBy(
  merged: Buffer | undefined,
  side: Logins,
  linked: LinkedLogins | undefined,
): boolean {
  if (merged === undefined) return side.entries.size === 0;
  return isCovered(side, parseLogins(merged, side.stats), linked);
}
