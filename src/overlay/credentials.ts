import { adoptionLockOf } from '../state/paths.ts';
import { underLock } from '../state/records.ts';
import { backUp } from './backup.ts';
import {
  type CredentialsSlot,
  isInStep,
  isSameFile,
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
 * Gives the shared file a second name in the slot: one inode serves both sides. Across file systems it is a copy.
 * @returns `drifted` when the slot holds something else, or its session has removed the file: adopt it first.
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
 * Brings what the session did to the file into the shared home, login by login. A login that it has added or renewed is
 * added there. A login that it has removed is removed there, unless it was renewed there. The same holds for what others
 * did to the shared file meanwhile. The inode says nothing about that, as Codex writes in place: the logins that were linked
 * are known by their content. A login that has to go is kept in a backup. Then the file is linked again.
 * @returns what was done, or undefined when there was nothing to do.
 * @throws what the file system throws; the logins are then where they were.
 */
export function adoptCredentials(
  slot: CredentialsSlot,
  now: Date,
): { outcome: string; backup?: string } | undefined {
  const { ours, theirs } = statBoth(slot);
  if (ours === undefined && (theirs === undefined || readLinked(slot) === undefined)) {
    return undefined;
  }
  if (ours !== undefined && theirs !== undefined && isSameFile(ours, theirs)) return undefined;
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
 * For the release: an idle slot must not go on showing a file that is replaced in the shared home meanwhile. A file that is
 * not adopted yet, or cannot be removed, stays. Never throws.
 */
export function unlinkCredentials(slot: CredentialsSlot): void {
  try {
    const { ours, theirs } = statBoth(slot);
    if (ours !== undefined && !isInStep(slot, ours, theirs)) return;
    // The record goes first: with it and without the file the slot would look as if its session had removed the logins.
    forgetLinked(slot);
    if (ours !== undefined) removeOwn(slot, readLogins(ownFile(slot)), [sharedFile(slot)]);
  } catch {
    // The next session in the slot adopts it.
  }
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
  return theirs.bytes.equals(merged) ? 'newer in the shared home' : 'merged';
}

const REMOVED_THERE = 'removed in the shared home';

function isKeptBy(
  merged: Buffer | undefined,
  side: Logins,
  linked: LinkedLogins | undefined,
): boolean {
  if (merged === undefined) return side.entries.size === 0;
  return isCovered(side, parseLogins(merged, side.stats), linked);
}
