import { lstatSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../../errors.ts';
import { cannotWrite, removeQuietly, temporaryName, writeNewFile } from '../../state/files.ts';
import { isSamePlace } from '../vault-home.ts';
import { linkAs, putBack, takeAside } from './aside.ts';
import { type SaveElsewhere, saveElsewhere } from './discard.ts';
import { isBeingWritten } from './put.ts';
import { isSameInode, readCredential } from './read.ts';
import { isLink, readLinkTarget, swapLink } from './swap-link.ts';

const MOST_TRIES = 5;

/**
 * Makes `link` lead to a vault's auth.json.
 * @param save for a regular file at `link`: sees to it that its login stands elsewhere.
 * @returns `left` when there is no other place for that login: it is there still.
 * @throws HotswapError `bad-vault` when both are in one directory, or the vault holds no login file: the link would lead to
 * itself, or nowhere. `bad-state` for a regular file without `save`; `in-use`, `home-unwritable`.
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
 * Makes a link, or a free name, lead to the auth.json of a Codex home. That may be a link itself, or missing.
 * @returns false for a file, which stays.
 * @throws HotswapError `bad-vault` when both are in one directory; `home-unwritable`.
 */
export function leadToHome(link: string, sharedAuth: string): boolean {
  if (readLinkTarget(link) === sharedAuth) return true;
  if (!isLink(link) && lstatSync(link, { throwIfNoEntry: false }) !== undefined) return false;
  refuseSameDirectory(link, sharedAuth);
  return swapLink(link, sharedAuth) === 'linked';
}

/** Takes a link to a login away; a file stays. @returns whether it was a link. */
export function dropLink(link: string): boolean {
  if (!isLink(link)) return false;
  const aside = takeAside(link);
  if (aside === undefined) return false;
  if (isLink(aside)) removeQuietly(aside);
  else putBack(aside, link); // another program has written a login there at this moment
  return true;
}

/**
 * Puts a file (0600) with this text in the place of a link to a login.
 * @returns false when another program has written a file there meanwhile: that one stays.
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

/** Whether a path leads to a file: no link to nothing, and none to itself. */
export function leadsToFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // ELOOP
  }
}

function refuseSameDirectory(link: string, authFile: string): void {
  if (!isSamePlace(dirname(link), dirname(authFile))) return;
  throw new HotswapError(
    'bad-vault',
    `${dirname(link)} is the vault ${dirname(authFile)} itself, so its login was left as it is`,
    'a vault and a Codex home have to be two directories',
  );
}

/** Looks at the link again: an IDE may have replaced the file there, and the vault's file may have its inode now. */
function refuseUnreachable(authFile: string, link: string): void {
  const replaced = lstatSync(link, { throwIfNoEntry: false });
  const stats = lstatSync(authFile, { throwIfNoEntry: false });
  const isAnother = replaced === undefined || (stats && !isSameInode(stats, replaced));
  if (stats?.isFile() && isAnother) return;
  throw new HotswapError(
    'bad-vault',
    `${authFile} holds no login of its own, so nothing was linked to it`,
    'look into it with: codex-hotswap doctor',
  );
}

function notALink(link: string, stats: Stats): HotswapError {
  return new HotswapError(
    'bad-state',
    `${link} should be a link but is a ${stats.isDirectory() ? 'directory' : 'file'} of its own`,
    'look into it with: codex-hotswap doctor',
  );
}
