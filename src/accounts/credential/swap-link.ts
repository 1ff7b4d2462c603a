import { lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cannotWrite, errnoOf, removeQuietly } from '../../state/files.ts';
import { putBack, takeAside } from './aside.ts';
import { discardAside, type SaveElsewhere, saveElsewhere } from './discard.ts';
import { readCredential } from './read.ts';

/**
 * Replaces a link; no other function does. First the entry at `link` is put aside and read: a rename(2) over the link would
 * replace a file that another program has written a moment before. A crash leaves the link, or the entry that was put aside
 * (see leftovers.ts).
 * @param save for a credential file in the place of the link; without `save` such a file gets its name back.
 * @returns `left` when `save` has no place for the login; `again` when another program has changed the entry: try again.
 * @throws HotswapError `home-unwritable`; the former link or file has its name again then.
 */
export function swapLink(
  link: string,
  target: string,
  save?: SaveElsewhere,
): 'linked' | 'left' | 'again' {
  const aside = takeAside(link);
  try {
    if (aside !== undefined && !isLink(aside)) {
      // This may be a newer file than the one that the caller has read.
      const found = readCredential(aside);
      if (save === undefined || (found && saveElsewhere(found, save) === undefined)) {
        return putBack(aside, link) && save !== undefined ? 'left' : 'again';
      }
    }
    const isLinked = makeLink(target, link);
    if (aside !== undefined) {
      if (isLink(aside)) removeQuietly(aside);
      else if (save !== undefined) discardAside(aside, save);
    }
    return isLinked ? 'linked' : 'again';
  } catch (error) {
    if (aside !== undefined) undo(aside, link);
    throw error;
  }
}

/** Gives a link that was put aside its name back. When the name is taken, the link is removed. */
export function restoreLink(aside: string, link: string): void {
  makeLink(readlinkSync(aside), link);
  removeQuietly(aside);
}

/** The absolute path that a link leads to; undefined when there is no link. */
export function readLinkTarget(path: string): string | undefined {
  return isLink(path) ? resolve(dirname(path), readlinkSync(path)) : undefined;
}

export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function undo(aside: string, link: string): void {
  try {
    if (isLink(aside)) restoreLink(aside, link);
    else putBack(aside, link);
  } catch {
    // The caller reports the first error. `listLeftovers` finds the entry later.
  }
}

/** @returns false when the name is taken. */
function makeLink(target: string, link: string): boolean {
  try {
    symlinkSync(target, link);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw cannotWrite(link, error);
  }
}
