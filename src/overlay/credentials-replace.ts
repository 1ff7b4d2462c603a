import {
  cpSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, removeQuietly, temporaryName, writeNewFile } from '../state/files.ts';
import { CREDENTIALS, type CredentialsSlot, ownFile, sharedFile } from './credentials-files.ts';
import { recordLinked } from './credentials-record.ts';
import { isCovered, type LinkedLogins, type Logins, readLogins } from './merge-logins.ts';

/** What is known of the logins when a file is replaced. */
export interface Judged {
  /** The slot's file as it was read; undefined when it was missing. */
  ours: Logins | undefined;
  /** The shared home's. */
  theirs: Logins | undefined;
  linked: LinkedLogins | undefined;
  /** Files in which logins stand that have to go. */
  backups: readonly string[];
}

/** Puts the merged logins in the place of the shared file. Without any login the file is removed. */
export function writeShared(
  slot: CredentialsSlot,
  merged: Buffer | undefined,
  { ours, theirs, linked, backups }: Judged,
): void {
  const path = sharedFile(slot);
  if (merged === undefined) {
    if (theirs !== undefined) replaceName(path, theirs, undefined, backups, linked);
    return;
  }
  const temporary = join(path, '..', temporaryName(CREDENTIALS));
  try {
    writeNewFile(temporary, merged, { mode: ((theirs ?? ours)?.stats.mode ?? 0o600) & 0o777 });
    // The time at which the login was made. The next file to be merged is compared with it.
    const seconds = Math.max(ours?.stats.mtimeMs ?? 0, theirs?.stats.mtimeMs ?? 0) / 1000;
    utimesSync(temporary, seconds, seconds);
    if (theirs === undefined) putNew(temporary, path);
    else replaceName(path, theirs, temporary, [...backups, temporary], linked);
  } finally {
    removeQuietly(temporary);
  }
}

/** Gives the shared file its name in the slot, and puts that on record. Across file systems it is a copy. */
export function linkShared(
  slot: CredentialsSlot,
  { ours, linked, backups }: Partial<Judged> = {},
): void {
  const temporary = join(slot.home, temporaryName(CREDENTIALS));
  try {
    hardLinkOrCopy(sharedFile(slot), temporary);
    replaceName(ownFile(slot), ours, temporary, [...(backups ?? []), sharedFile(slot)], linked);
    recordLinked(slot, lstatSync(ownFile(slot)));
  } finally {
    // rename(2) of two names of one inode does nothing, so the first name may still be there.
    removeQuietly(temporary);
  }
}

/** Removes the slot's file. @param witnesses files in which its logins stand. */
export function removeOwn(
  slot: CredentialsSlot,
  ours: Logins | undefined,
  witnesses: readonly string[],
  linked?: LinkedLogins,
): void {
  replaceName(ownFile(slot), ours, undefined, witnesses, linked);
}

/** Codex has written since the files were read: judge again. */
export class ChangedError extends Error {
  constructor(path: string) {
    super(`${path} is being changed`);
  }
}

/**
 * The only place that takes the name of a `.credentials.json` away from its content, for nothing or for another file. That
 * happens only when the content is still the one that was judged, and every login in it stands in one of `witnesses`: a
 * regular file under another name, read now.
 * @throws ChangedError when Codex has written since.
 */
function replaceName(
  path: string,
  judged: Logins | undefined,
  successor: string | undefined,
  witnesses: readonly string[],
  linked: LinkedLogins | undefined,
): void {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if ((present === undefined) !== (judged === undefined)) throw new ChangedError(path);
  if (judged !== undefined) {
    const isEmpty = judged.entries.size === 0;
    const isWitnessed = witnesses.some((witness) => {
      const kept = readLogins(witness);
      return kept !== undefined && isCovered(judged, kept, linked);
    });
    if (!isEmpty && !isWitnessed) throw new Error(`${path} holds logins that stand nowhere else`);
    if (!readFileSync(path).equals(judged.bytes)) throw new ChangedError(path);
  }
  if (successor !== undefined) renameSync(successor, path);
  else unlinkSync(path);
}

/** Unlike rename(2), link(2) does not replace a file that came up meanwhile. */
function putNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') throw new ChangedError(path);
    if (!NO_HARD_LINKS.includes(code)) throw error;
    replaceName(path, undefined, temporary, [], undefined);
  }
}

function hardLinkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', ...NO_HARD_LINKS].includes(errnoOf(error) ?? '')) throw error;
    cpSync(from, to, { preserveTimestamps: true });
  }
}

const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
