import { lstatSync, readlinkSync, type Stats, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HotswapError } from '../errors.ts';
import {
  cannotWrite,
  errnoOf,
  removeQuietly,
  temporaryName,
  writeNewFile,
} from '../state/files.ts';
import {
  beingWritten,
  linkAs,
  type Place,
  placed,
  putBack,
  readCredential,
  settleAside,
  takeAside,
} from './credential-file.ts';
import { isSamePlace } from './vault-home.ts';

// The second of the two files that rename, link or unlink an auth.json: see credential-file.ts.

const ATTEMPTS = 5;

/**
 * Makes `link` lead to a vault's auth.json. What is there is put aside first and looked at under its new name, so that a
 * file which another program writes at that moment is not replaced unseen. A crash leaves the link, or what was put aside.
 * @param place for a regular file at `link`: sees to it that its login stands elsewhere.
 * @returns `left` when that login cannot be placed: it is there still.
 * @throws HotswapError `bad-vault` when both are in one directory, or the vault holds no login file: the link would lead to
 * itself, or nowhere. `bad-state` for a regular file without `place`; `in-use`, `home-unwritable`.
 */
export function linkLogin(
  link: string,
  authFile: string,
  place?: Place,
): 'linked' | 'already' | 'left' {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    refuseSameDirectory(link, authFile);
    const stats = lstatSync(link, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() && linkTarget(link) === authFile) return 'already';
    if (stats !== undefined && !stats.isSymbolicLink()) {
      if (place === undefined || !stats.isFile()) throw notALink(link, stats);
      const found = readCredential(link);
      if (found === undefined) continue;
      if (placed(found, place) === undefined) return 'left';
    }
    refuseUnreachable(authFile, link);
    const outcome = replaceByLink(link, authFile, { isThere: stats !== undefined, place });
    if (outcome !== 'again') return outcome;
  }
  throw beingWritten(link);
}

/**
 * Makes a link, or nothing, lead to the auth.json of a Codex home: that may be a link itself, or missing.
 * @returns false for a file of its own, which is left.
 * @throws HotswapError `bad-vault` when both are in one directory; `home-unwritable`.
 */
export function leadToHome(link: string, sharedAuth: string): boolean {
  const stats = lstatSync(link, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isSymbolicLink()) return false;
  if (stats !== undefined && linkTarget(link) === sharedAuth) return true;
  refuseSameDirectory(link, sharedAuth);
  const isThere = stats !== undefined;
  return replaceByLink(link, sharedAuth, { isThere, place: undefined }) === 'linked';
}

/** Takes a link to a login away; a file of its own is left. @returns whether it was one. */
export function dropLink(link: string): boolean {
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return false;
  const aside = takeAside(link);
  if (aside === undefined) return false;
  if (isLink(aside)) removeQuietly(aside);
  else putBack(aside, link); // a login that was written there at this moment
  return true;
}

/**
 * Makes a link to a login a file of its own (0600) with this text.
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

/** Where a link leads to: its own text, made absolute. */
export function linkTarget(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}

/** Whether a path leads to a file at all: not a link to nothing, or to itself. */
export function leadsToFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // ELOOP
  }
}

/** Gives a link that an interruption left aside its name again, if nothing has taken that. */
export function restoreLink(aside: string, link: string): void {
  const target = readlinkSync(aside);
  trySymlink(target, link);
  removeQuietly(aside);
}

function replaceByLink(
  link: string,
  authFile: string,
  { isThere, place }: { isThere: boolean; place: Place | undefined },
): 'linked' | 'left' | 'again' {
  const aside = isThere ? takeAside(link) : undefined;
  if (isThere && aside === undefined) return 'again';
  try {
    if (aside !== undefined && !isLink(aside)) {
      // Not what was read before, perhaps.
      const found = readCredential(aside);
      if (place === undefined || (found !== undefined && placed(found, place) === undefined)) {
        return putBack(aside, link) && place !== undefined ? 'left' : 'again';
      }
    }
    const isLinked = trySymlink(authFile, link);
    if (aside !== undefined) {
      if (isLink(aside)) removeQuietly(aside);
      else if (place !== undefined) settleAside(aside, place);
    }
    return isLinked ? 'linked' : 'again';
  } catch (error) {
    if (aside !== undefined) undo(aside, link);
    throw error;
  }
}

function undo(aside: string, link: string): void {
  try {
    if (isLink(aside)) restoreLink(aside, link);
    else putBack(aside, link);
  } catch {
    // The first error is the one to tell; what was put aside is found by the next look.
  }
}

function trySymlink(target: string, link: string): boolean {
  try {
    symlinkSync(target, link);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw cannotWrite(link, error);
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

/** Looks at the link anew: an IDE may have replaced the file there, and its inode may be that of the vault's file now. */
function refuseUnreachable(authFile: string, link: string): void {
  const replaced = lstatSync(link, { throwIfNoEntry: false });
  const stats = lstatSync(authFile, { throwIfNoEntry: false });
  const isAnother =
    replaced === undefined || stats?.ino !== replaced.ino || stats.dev !== replaced.dev;
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

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
