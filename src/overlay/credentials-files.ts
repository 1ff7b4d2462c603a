import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Slot } from './slot.ts';

/** The logins of MCP servers. Codex writes it in place and opens it with O_NOFOLLOW (fact 35). */
export const CREDENTIALS = '.credentials.json';

export type CredentialsSlot = Pick<Slot, 'home' | 'side' | 'sharedHome'>;

/** The session's name of the file. */
export function ownFile({ home }: CredentialsSlot): string {
  return join(home, CREDENTIALS);
}

export function sharedFile({ sharedHome }: CredentialsSlot): string {
  return join(sharedHome, CREDENTIALS);
}

/** The inodes of both files; undefined for a file that is missing. */
export function statBoth(slot: CredentialsSlot): Record<'ours' | 'theirs', Stats | undefined> {
  return {
    ours: lstatSync(ownFile(slot), { throwIfNoEntry: false }),
    theirs: lstatSync(sharedFile(slot), { throwIfNoEntry: false }),
  };
}

/** Whether both are one file, or have the same bytes. */
export function isInStep(slot: CredentialsSlot, ours: Stats, theirs: Stats | undefined): boolean {
  if (theirs === undefined || !ours.isFile() || !theirs.isFile()) return false;
  if (isSameFile(ours, theirs)) return true;
  return readFileSync(ownFile(slot)).equals(readFileSync(sharedFile(slot)));
}

export function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
