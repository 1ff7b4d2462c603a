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
import { NO_HARD_LINKS } from './move.ts';

/** The facts from which the merged logins were made. */
export interface Judged {
  /** The slot's file as it was read; undefined when it was missing. */
  ours: Logins | undefined;
  /** The shared home's file. */
  theirs: Logins | undefined;
  linked: LinkedLogins | undefined;
  /** Files with the logins that are removed. */
  backups: readonly string[];
}

/** Replaces the shared file by the merged logins. Without any login the file is removed. */
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
    // The time of the newest login. The next merge compares it.
    const seconds = Math.max(ours?.stats.mtimeMs ?? 0, theirs?.stats.mtimeMs ?? 0) / 1000;
    utimesSync(temporary, seconds, seconds);
    if (theirs === undefined) putNew(temporary, path);
    else replaceName(path, theirs, temporary, [...backups, temporary], linked);
  } finally {
    removeQuietly(temporary);
  }
}

/** Links the shared file into the slot, and records that. On another file system the slot gets a copy. */
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
    // rename(2) of two names of one inode does nothing, so the temporary name may still exist.
    removeQuietly(temporary);
  }
}

/** Removes the slot's file. @param witnesses files that have its logins. */
export function removeOwn(
  slot: CredentialsSlot,
  ours: Logins | undefined,
  witnesses: readonly string[],
  linked?: LinkedLogins,
): void {
  replaceName(ownFile(slot), ours, undefined, witnesses, linked);
}

/** Codex has written since the files were read: read and merge again. */
export class ChangedError extends Error {
  constructor(path: string) {
    super(`another program is changing ${path}`);
  }
}

/**
 * Removes a `.credentials.json`, or replaces it by `successor`; no other function does. First it checks that the content has
 * not changed since it was read, and that one of the `witnesses` has every login in it: a regular file under another name,
 * which is read now.
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
    if (!isEmpty && !isWitnessed) throw new Error(`${path} has logins that no other file has`);
    if (!readFileSync(path).equals(judged.bytes)) throw new ChangedError(path);
  }
  if (successor !== undefined) renameSync(successor, path);
  else unlinkSync(path);
}

/** Uses link(2): unlike rename(2), it does not replace a file that another program has just made. */
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
