import { lstatSync, renameSync, unlinkSync } from 'node:fs';
import { HotswapError } from '../../errors.ts';
import { errnoOf, removeQuietly } from '../../state/files.ts';
import { isAsNew } from '../compare-logins.ts';
import { putBack, takeAside } from './aside.ts';
import { type Credential, isSameInode, isStillThere, readCredential } from './read.ts';

/**
 * Sees to it that the text of a login stands in another file, or a newer login of the same account.
 * @returns that file; undefined when there is no place for the login, so that it has to stay where it is.
 */
export type SaveElsewhere = (text: string) => string | undefined;

/**
 * Takes a regular credential file away, once its content stands in another file: it is put aside, read again, and then
 * unlinked.
 * @returns `left` when there is no other place for it, `gone` when there is no such file.
 * @throws HotswapError `bad-state` when `save` names a file that does not hold the login.
 */
export function discardLogin(file: string, save: SaveElsewhere): 'discarded' | 'left' | 'gone' {
  const found = readCredential(file);
  if (found === undefined) return 'gone';
  if (saveElsewhere(found, save) === undefined) return 'left';
  const aside = takeAside(file);
  if (aside === undefined) return 'gone';
  if (discardAside(aside, save)) return 'discarded';
  putBack(aside, file);
  return 'left';
}

/** Deletes a login because a person has asked for it. No copy is kept. */
export function deleteLogin(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Moves a vault with all that is in it. Nothing happens when it has moved already, or when something is in the way. */
export function moveVaultDir(from: string, to: string): void {
  if (isThere(from) && !isThere(to)) renameSync(from, to);
}

/**
 * Unlinks a file that was put aside, once its content stands in another file. Codex up to 0.160 writes in place, through a
 * descriptor that it holds, so the file is read until two reads give the same text.
 * @returns false when there is no other place for it: then it is still there.
 */
export function discardAside(aside: string, save: SaveElsewhere): boolean {
  for (let attempt = 0, before: string | undefined; attempt < MOST_READS; attempt++) {
    const found = readCredential(aside);
    if (found === undefined) return true; // another process has discarded it
    if (found.text === before) {
      removeQuietly(aside);
      return true;
    }
    if (saveElsewhere(found, save) === undefined) return false;
    before = found.text;
  }
  return false;
}

const MOST_READS = 10;

/** Calls `save`, and proves that the file it names holds the login. @throws HotswapError `bad-state` when it does not. */
export function saveElsewhere(found: Credential, save: SaveElsewhere): string | undefined {
  const file = save(found.text);
  if (file === undefined) return undefined;
  const held = readCredential(file);
  // An IDE may have replaced the found file since. The file system may then have given its inode to the vault's new file.
  const isElsewhere =
    held !== undefined && (!isSameInode(held.stats, found.stats) || !isStillThere(found));
  if (isElsewhere && isAsNew(held.text, found.text)) return file;
  throw new HotswapError(
    'bad-state',
    `a login was to be in ${file}, but is not, so it was left where it is`,
    'look into it with: codex-hotswap doctor',
  );
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
