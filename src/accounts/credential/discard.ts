import { renameSync, unlinkSync } from 'node:fs';
import { HotswapError } from '../../errors.ts';
import { errnoOf, removeQuietly } from '../../state/files.ts';
import { isAsNew } from '../compare-logins.ts';
import { putBack, takeAside } from './aside.ts';
import { type Credential, isSameInode, isStillThere, isThere, readCredential } from './read.ts';

/**
 * Makes sure that another file has this login, or a newer login of the same account.
 * @returns that file; undefined when there is no place for the login: then the login stays where it is.
 */
export type SaveElsewhere = (text: string) => string | undefined;

/**
 * Removes a regular credential file after another file has its content: puts the file aside, reads it again, unlinks it.
 * @returns `left` when there is no other place for the login, `gone` when there is no such file.
 * @throws HotswapError `bad-state` when the file that `save` returns does not have the login.
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

/** Deletes a login for a person who has asked for that. Keeps no copy. */
export function deleteLogin(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Renames the directory of a vault. Does nothing when `from` is gone, or when `to` exists. */
export function moveVaultDir(from: string, to: string): void {
  if (isThere(from) && !isThere(to)) renameSync(from, to);
}

/**
 * Unlinks a file that was put aside, after another file has its content. Codex up to 0.160 writes into an open file, so the
 * file is read until two reads give the same text.
 * @returns false when there is no other place for the login: then the file still exists.
 */
export function discardAside(aside: string, save: SaveElsewhere): boolean {
  for (let attempt = 0, before: string | undefined; attempt < MOST_READS; attempt++) {
    const found = readCredential(aside);
    if (found === undefined) return true; // another process has removed it
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

/** Calls `save`, and checks that the returned file has the login. @throws HotswapError `bad-state` when it does not. */
export function saveElsewhere(found: Credential, save: SaveElsewhere): string | undefined {
  const file = save(found.text);
  if (file === undefined) return undefined;
  const held = readCredential(file);
  // An IDE may have replaced the found file since. Then the vault's new file may have got the inode number of that file.
  const isElsewhere =
    held !== undefined && (!isSameInode(held.stats, found.stats) || !isStillThere(found));
  if (isElsewhere && isAsNew(held.text, found.text)) return file;
  throw new HotswapError(
    'bad-state',
    `a login was copied to ${file} but is not there, so the original was not removed`,
    'to find the cause: codex-hotswap doctor',
  );
}
