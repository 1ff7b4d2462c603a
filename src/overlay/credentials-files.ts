import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isSameInode } from '../accounts/credential/read.ts';
import type { Slot } from './slot.ts';

/** The logins of MCP servers. Codex writes it in place and opens it with O_NOFOLLOW (fact 35). */
export const CREDENTIALS = '.credentials.json';

export type CredentialsSlot = Pick<Slot, 'home' | 'side' | 'sharedHome'>;

/** The file in the slot. */
export function ownFile({ home }: CredentialsSlot): string {
  return join(home, CREDENTIALS);
}

/** The file in the shared home. */
export function sharedFile({ sharedHome }: CredentialsSlot): string {
  return join(sharedHome, CREDENTIALS);
}

/** The stats of both files: `ours` in the slot, `theirs` in the shared home. Undefined for a missing file. */
export function statBoth(slot: CredentialsSlot): Record<'ours' | 'theirs', Stats | undefined> {
  return {
    ours: lstatSync(ownFile(slot), { throwIfNoEntry: false }),
    theirs: lstatSync(sharedFile(slot), { throwIfNoEntry: false }),
  };
}

/** Whether both are one file, or have the same bytes. */
export function isInStep(slot: CredentialsSlot, ours: Stats, theirs: Stats | undefined): boolean {
  if (theirs === undefined || !ours.isFile() || !theirs.isFile()) return false;
  if (isSameInode(ours, theirs)) return true;
  return readFileSync(ownFile(slot)).equals(readFileSync(sharedFile(slot)));
}
