import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../errors.ts';
import {
  cannotWrite,
  errnoOf,
  removeQuietly,
  temporaryName,
  unusedName,
  writeNewFile,
} from '../state/files.ts';
import { compareLogins } from './compare-logins.ts';

// This file and credential-link.ts are the only places that rename, link or unlink an auth.json. Their rule: the newest
// content stands in a regular file with another inode before a name of it goes.

/**
 * Makes sure that the text of a login stands elsewhere, or a newer one of the same account.
 * @returns the file in which it stands; undefined when it cannot be placed, and has to stay where it is.
 */
export type Place = (text: string) => string | undefined;

/** Times a file that somebody else keeps writing is tried again. */
const ATTEMPTS = 5;

/** A credential file as it was read. */
export interface Credential {
  file: string;
  text: string;
  stats: Stats;
}

/** The text of a credential file and its inode; undefined when it is missing, a link, or no file. Throws other errors. */
export function readCredential(file: string): Credential | undefined {
  const open = openCredential(file);
  if (open === undefined) return undefined;
  try {
    return { file, text: readAll(open), stats: open.stats };
  } finally {
    closeSync(open.fd);
  }
}

/**
 * Makes `text` the content of a credential file (0600): a whole new file, renamed over. A link there is replaced, not
 * followed. Run it with the account's lock held. A newer login of the same account that is there already stays.
 * @param keep is given the one of the two that loses its place.
 * @throws HotswapError `home-unwritable`; `bad-state` when the former content is kept nowhere, `in-use` when it never
 * stays the same.
 */
export function putLogin(file: string, text: string, keep: Place): void {
  let wanted = text;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const put = putOnce(file, wanted, keep);
    if (put === 'done') return;
    if (put === 'again') continue;
    if (compareLogins(put.late, wanted) !== 'newer')
      return keepFormer(file, put.late, wanted, keep);
    wanted = put.late;
  }
  throw beingWritten(file);
}

/**
 * Takes a regular credential file away, once its content stands elsewhere: it is put aside, read again, and then unlinked.
 * @returns `left` when it could not be placed, `gone` when there is no such file.
 */
export function discardLogin(file: string, place: Place): 'discarded' | 'left' | 'gone' {
  const found = readCredential(file);
  if (found === undefined) return 'gone';
  if (placed(found, place) === undefined) return 'left';
  const aside = takeAside(file);
  if (aside === undefined) return 'gone';
  if (settleAside(aside, place)) return 'discarded';
  putBack(aside, file);
  return 'left';
}

/** Writes a login as a file of its own (0600), under a name that nobody has: `base`, or one after it. @returns the file. */
export function addLogin(base: string, text: string): string {
  const temporary = join(dirname(base), temporaryName(basename(base)));
  try {
    writeNewFile(temporary, text);
    for (;;) {
      const file = unusedName(base);
      if (linkAs(temporary, file)) return file;
    }
  } catch (error) {
    throw cannotWrite(base, error);
  } finally {
    removeQuietly(temporary);
  }
}

/** Deletes a stored login because a person has said so; nothing is kept. */
export function deleteLogin(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Moves a vault, its login and all that lies beside it; nothing is there that it could replace. */
export function moveVaultDir(from: string, to: string): void {
  if (isThere(from) && !isThere(to)) renameSync(from, to);
}

/** Gives what stands at `file` another name beside it, whatever it is. @returns the name; undefined when nothing is there. */
export function takeAside(file: string): string | undefined {
  const aside = join(dirname(file), temporaryName(`${basename(file)}.aside`));
  try {
    renameSync(file, aside);
    return aside;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw cannotWrite(file, error);
  }
}

/** Whether a name is one of {@link takeAside} for an auth.json: never litter, as it may be the only copy of a login. */
export function isAsideName(name: string): boolean {
  return /^\.auth\.json\.aside\.hotswap-\d+-[0-9a-f]{8}$/.test(name);
}

/**
 * Unlinks what {@link takeAside} took, once its content stands elsewhere. Codex up to 0.160 writes in place, so it is read
 * until two looks are the same.
 * @returns false when it cannot be placed; it is still there then.
 */
export function settleAside(aside: string, place: Place): boolean {
  for (let attempt = 0, before: string | undefined; attempt < ATTEMPTS * 2; attempt++) {
    const found = readCredential(aside);
    if (found === undefined) return true; // another process has settled it
    if (found.text === before) {
      removeQuietly(aside);
      return true;
    }
    if (placed(found, place) === undefined) return false;
    before = found.text;
  }
  return false;
}

/** Gives a file that was put aside its name again, unless somebody has written a new one: then both stay. */
export function putBack(aside: string, file: string): boolean {
  if (!linkAs(aside, file)) return false;
  removeQuietly(aside);
  return true;
}

/** link(2), which replaces nothing. @returns false where something has that name already. */
export function linkAs(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw cannotWrite(to, error);
  }
}

/** {@link Place}, and the proof of it. */
export function placed(found: Credential, place: Place): string | undefined {
  const keptIn = place(found.text);
  if (keptIn === undefined) return undefined;
  const held = readCredential(keptIn);
  // An IDE may have replaced the found file since. The file system may then have given its inode to the vault's new file.
  const isElsewhere =
    held !== undefined && (!isSameInode(held.stats, found.stats) || !isStillThere(found));
  if (isElsewhere && isAsNew(held.text, found.text)) return keptIn;
  throw new HotswapError(
    'bad-state',
    `a login was to be in ${keptIn}, but is not, so it was left where it is`,
    'look into it with: codex-hotswap doctor',
  );
}

/** The error about a file that never stays the same. */
export function beingWritten(file: string): HotswapError {
  return new HotswapError(
    'in-use',
    `${file} is being written by another program, so it was left as it is`,
    'try again in a moment',
  );
}

/** @returns `late`: what was written into the former file while it was replaced. */
function putOnce(file: string, text: string, keep: Place): 'done' | 'again' | { late: string } {
  const former = openCredential(file);
  const temporary = join(dirname(file), temporaryName(basename(file)));
  try {
    const before = former === undefined ? '' : readAll(former);
    if (before === text && former?.stats.nlink === 1) return 'done';
    if (compareLogins(before, text) === 'newer') {
      keep(text);
      return 'done';
    }
    keepFormer(file, before, text, keep);
    writeNewFile(temporary, text);
    const now = lstatSync(file, { throwIfNoEntry: false });
    if (now === undefined) {
      const isNew = linkAs(temporary, file);
      removeQuietly(temporary);
      return isNew ? 'done' : 'again';
    }
    const isAsRead = former === undefined ? now.isSymbolicLink() : isSameInode(now, former.stats);
    if (!isAsRead) {
      removeQuietly(temporary);
      return 'again';
    }
    renameSync(temporary, file);
    // The former inode lives as long as we hold it: what Codex saves into it meanwhile can still be read.
    const late = former === undefined ? before : readAll(former);
    return late === before ? 'done' : { late };
  } catch (error) {
    removeQuietly(temporary);
    throw cannotWrite(file, error);
  } finally {
    if (former !== undefined) closeSync(former.fd);
  }
}

/** An older login of the same account may go without proof: the new text is newer. */
function keepFormer(file: string, former: string, text: string, keep: Place): void {
  const order = compareLogins(text, former);
  if (former.trim() === '' || order === 'same') return;
  const keptIn = keep(former);
  const held = keptIn === undefined ? '' : (readCredential(keptIn)?.text ?? '');
  if (order === 'newer' || isAsNew(held, former)) return;
  throw new HotswapError(
    'bad-state',
    `${file} holds a login that is kept nowhere else, so it was left as it is`,
    'look into it with: codex-hotswap doctor',
  );
}

interface OpenCredential {
  fd: number;
  stats: Stats;
}

function openCredential(file: string): OpenCredential | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'EMLINK'].includes(errnoOf(error) ?? ''))
      return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}

/** The same bytes, or a newer login of the same account. */
export function isAsNew(text: string, other: string): boolean {
  return ['same', 'newer'].includes(compareLogins(text, other));
}

function readAll({ fd }: OpenCredential): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(size);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, 0));
}

function isSameInode(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

function isStillThere({ file, stats }: Credential): boolean {
  const now = lstatSync(file, { throwIfNoEntry: false });
  return now !== undefined && isSameInode(now, stats);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
