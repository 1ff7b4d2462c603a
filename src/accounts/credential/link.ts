import { lstatSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../../errors.ts';
import { statQuietly } from '../../regular-file.ts';
import { cannotWrite, removeQuietly, temporaryName, writeNewFile } from '../../state/files.ts';
import { isSamePlace } from '../vault-home.ts';
import { linkAs, putBack, takeAside } from './aside.ts';
import { type SaveElsewhere, saveElsewhere } from './discard.ts';
import { isBeingWritten } from './put.ts';
import { isSameInode, isThere, readCredential } from './read.ts';
import { isLink, readLinkTarget, swapLink } from './swap-link.ts';

const MOST_TRIES = 5;

/**
 * Makes `link` lead to a vault's auth.json.
 * @param save copies the login of a regular file at `link` to another file.
 * @returns `left` when there is no other place for that login: then the file stays.
 * @throws HotswapError `bad-vault` when both are in one directory, so that the link would lead to itself, and when the vault
 * has no login file. `bad-state` for a regular file without `save`; `in-use`, `home-unwritable`.
 */
export function linkLogin(
  link: string,
  authFile: string,
  save?: SaveElsewhere,
): 'linked' | 'already' | 'left' {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    refuseSameDirectory(link, authFile);
    if (readLinkTarget(link) === authFile) return 'already';
    const stats = lstatSync(link, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isSymbolicLink()) {
      if (save === undefined || !stats.isFile()) throw notALink(link, stats);
      const found = readCredential(link);
      if (found === undefined) continue;
      if (saveElsewhere(found, save) === undefined) return 'left';
    }
    refuseUnreachable(authFile, link);
    const outcome = swapLink(link, authFile, save);
    if (outcome !== 'again') return outcome;
  }
  throw isBeingWritten(link);
}

/**
 * Makes `link`, a link or a free name, lead to the auth.json of a Codex home. That auth.json may be a link, or missing.
 * @returns false when `link` is a file: then the file stays.
 * @throws HotswapError `bad-vault` when both are in one directory; `home-unwritable`.
 */
export function leadToHome(link: string, sharedAuth: string): boolean {
  if (readLinkTarget(link) === sharedAuth) return true;
  if (!isLink(link) && isThere(link)) return false;
  refuseSameDirectory(link, sharedAuth);
  return swapLink(link, sharedAuth) === 'linked';
}

/** Removes a link to a login; a file stays. @returns whether it was a link. */
export function dropLink(link: string): boolean {
  if (!isLink(link)) return false;
  const aside = takeAside(link);
  if (aside === undefined) return false;
  if (isLink(aside)) removeQuietly(aside);
  else putBack(aside, link); // another program has written a login there at this moment
  return true;
}

/**
 * Replaces a link to a login by a file (0600) with this text.
 * @returns false when another program has written a file there since: then that file stays.
 */
export function copyOverLink(link: string, text: string): boolean {
  const temporary = join(dirname(link), temporaryName(basename(link)));
  try {
    writeNewFile(temporary, text);
    if (!dropLink(link)) return false;
    return linkAs(temporary, link);
  } catch (error) {
    throw cannotWrite(link, error);
  } finally {
    removeQuietly(temporary);
  }
}

/** Whether a path leads to an existing file. False for a link to nothing, and for a link to itself. */
export function leadsToFile(path: string): boolean {
  return statQuietly(path) !== undefined;
}

function refuseSameDirectory(link: string, authFile: string): void {
  if (!isSamePlace(dirname(link), dirname(authFile))) return;
  throw new HotswapError(
    'bad-vault',
    `${dirname(link)} and ${dirname(authFile)} are one directory, so the login in it was not changed`,
    'use two directories for the login and the Codex home',
  );
}

/** Reads the link again: an IDE may have replaced the file there, and the vault's file may have got its inode number. */
function refuseUnreachable(authFile: string, link: string): void {
  const replaced = lstatSync(link, { throwIfNoEntry: false });
  const stats = lstatSync(authFile, { throwIfNoEntry: false });
  if (stats?.isFile() && !isSameInode(stats, replaced)) return;
  throw new HotswapError(
    'bad-vault',
    `${authFile} is not a file with a login, so no link to it was made`,
    'to find the cause: codex-hotswap doctor',
  );
}

function notALink(link: string, stats: Stats): HotswapError {
  return new HotswapError(
    'bad-state',
    `${link} should be a link to the login of an account but is a ${stats.isDirectory() ? 'directory' : 'file'}`,
    'to find the cause: codex-hotswap doctor',
  );
}
