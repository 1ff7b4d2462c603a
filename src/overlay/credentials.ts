import {
  cpSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, removeQuietly, replaceFile, temporaryName } from '../state/files.ts';
import { backUp, backupName, move } from './backup.ts';
import type { Slot } from './slot.ts';

/** The logins of MCP servers. Codex writes it in place and opens it with O_NOFOLLOW (fact 4.2). */
export const CREDENTIALS = '.credentials.json';

type Places = Pick<Slot, 'home' | 'side' | 'sharedHome'>;

/**
 * Gives the shared file a second name in the slot: one inode serves both sides. Across file systems it is a copy.
 * @returns `drifted` when the slot holds something else: adopt it first.
 */
export function linkCredentials(slot: Places): 'linked' | 'none' | 'drifted' {
  const { ours, theirs } = look(slot);
  if (ours === undefined && theirs === undefined) return 'none';
  if (ours === undefined) return theirs?.isFile() ? link(slot) : 'none';
  if (theirs === undefined) return 'drifted';
  if (isSameFile(ours, theirs) || isSameContent(slot)) return 'linked';
  return 'drifted';
}

/**
 * Brings what the session did to the file into the shared home: written (another inode, or new) → newest wins, the loser
 * is kept; removed (the last MCP logout) → removed there too. Then links again.
 * @returns what was done, or undefined when there was nothing to do.
 */
export function adoptCredentials(
  slot: Places,
  now: Date,
): { outcome: string; backup?: string } | undefined {
  const { ours, theirs } = look(slot);
  const linkedBefore = readRecord(slot);
  if (ours === undefined) {
    if (theirs === undefined || !linkedBefore.includes(keyOf(theirs))) return undefined;
    const backup = backupName(shared(slot), now);
    renameSync(shared(slot), backup);
    return { outcome: 'removed by the session', backup };
  }
  if (!ours.isFile()) return undefined;
  if (theirs === undefined) {
    if (linkedBefore.includes(keyOf(ours))) {
      unlinkSync(own(slot));
      return { outcome: 'removed in the shared home' };
    }
    hardLinkOrCopy(own(slot), shared(slot));
    link(slot);
    return { outcome: 'new' };
  }
  if (isSameFile(ours, theirs)) return undefined;
  if (isSameContent(slot)) {
    link(slot);
    return undefined;
  }
  const settled = settle(slot, ours, theirs, now);
  link(slot);
  return settled;
}

function settle(
  slot: Places,
  ours: Stats,
  theirs: Stats,
  now: Date,
): { outcome: string; backup: string } {
  if (ours.mtimeMs >= theirs.mtimeMs) {
    const backup = backUp(shared(slot), now);
    replaceFile(shared(slot), readFileSync(own(slot)));
    return { outcome: 'newer in the session', backup };
  }
  const backup = backupName(shared(slot), now);
  move(own(slot), backup);
  return { outcome: 'newer in the shared home', backup };
}

/** For the release: an idle slot must not go on showing a file that is replaced in the shared home meanwhile. */
export function unlinkCredentials(slot: Places): void {
  const { ours, theirs } = look(slot);
  const isSafe =
    ours === undefined ||
    (theirs !== undefined && (isSameFile(ours, theirs) || isSameContent(slot)));
  if (!isSafe) return; // not adopted yet
  removeQuietly(own(slot));
  removeQuietly(recordFile(slot));
}

// The record of what was linked tells "the session removed it" from "it was never there".
function link(slot: Places): 'linked' {
  const temporary = join(slot.home, temporaryName(CREDENTIALS));
  hardLinkOrCopy(shared(slot), temporary);
  const linked = [...new Set([shared(slot), temporary].map((path) => keyOf(lstatSync(path))))];
  renameSync(temporary, own(slot));
  // rename(2) of two names of one inode does nothing, not even remove the first.
  removeQuietly(temporary);
  if (readRecord(slot).join() !== linked.join()) {
    replaceFile(recordFile(slot), linked.join(' '), { sync: false });
  }
  return 'linked';
}

function hardLinkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    cpSync(from, to, { preserveTimestamps: true });
  }
}

function look(slot: Places): { ours: Stats | undefined; theirs: Stats | undefined } {
  return {
    ours: lstatSync(own(slot), { throwIfNoEntry: false }),
    theirs: lstatSync(shared(slot), { throwIfNoEntry: false }),
  };
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

function isSameContent(slot: Places): boolean {
  return readFileSync(own(slot)).equals(readFileSync(shared(slot)));
}

function keyOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

function readRecord(slot: Places): string[] {
  try {
    return readFileSync(recordFile(slot), 'utf8').split(' ');
  } catch {
    return [];
  }
}

function recordFile(slot: Places): string {
  return join(slot.side, 'credentials.inode');
}

function own(slot: Places): string {
  return join(slot.home, CREDENTIALS);
}

function shared(slot: Places): string {
  return join(slot.sharedHome, CREDENTIALS);
}
