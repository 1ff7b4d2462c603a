import { closeSync, lstatSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../../errors.ts';
import {
  cannotWrite,
  removeQuietly,
  temporaryName,
  unusedName,
  writeNewFile,
} from '../../state/files.ts';
import { compareLogins, isAsNew } from '../compare-logins.ts';
import { linkAs } from './aside.ts';
import type { SaveElsewhere } from './discard.ts';
import { isSameInode, openCredential, readAll, readCredential } from './read.ts';

// Only the files of this folder rename, link or unlink an auth.json. Their rule: before a file with the newest login loses a
// name, another regular file (with another inode) has that login.

/** How often we try again while another program writes the file. */
const MOST_TRIES = 5;

/**
 * Makes `text` the content of a credential file (0600): renames a complete new file over the old one. Replaces a link, and
 * does not follow it. A newer login of the same account in the file stays. The caller holds the account's lock.
 * @param save gets the text of the login that is replaced.
 * @throws HotswapError `home-unwritable`; `bad-state` when `save` has not kept the former content; `in-use` when another
 * program writes the file all the time.
 */
export function putLogin(file: string, text: string, save: SaveElsewhere): void {
  let wanted = text;
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const put = putOnce(file, wanted, save);
    if (put === 'done') return;
    if (put === 'again') continue;
    if (compareLogins(put.late, wanted) !== 'newer') {
      return saveFormer(file, put.late, wanted, save);
    }
    wanted = put.late;
  }
  throw isBeingWritten(file);
}

/** Writes a login into a new file (0600) named `base`, or `base` with a number when the name is taken. @returns the file. */
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

/** The error about a file that another program writes all the time. */
export function isBeingWritten(file: string): HotswapError {
  return new HotswapError(
    'in-use',
    `${file} was not changed, because another program is writing it`,
    'try again in a moment',
  );
}

/** @returns `late`: the text that another program wrote into the former file while we replaced it. */
function putOnce(
  file: string,
  text: string,
  save: SaveElsewhere,
): 'done' | 'again' | { late: string } {
  const former = openCredential(file);
  const temporary = join(dirname(file), temporaryName(basename(file)));
  try {
    const before = former === undefined ? '' : readAll(former);
    if (before === text && former?.stats.nlink === 1) return 'done';
    if (compareLogins(before, text) === 'newer') {
      save(text);
      return 'done';
    }
    saveFormer(file, before, text, save);
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
    // The former inode exists until we close it, so we can still read a login that Codex has just saved into it.
    const late = former === undefined ? before : readAll(former);
    return late === before ? 'done' : { late };
  } catch (error) {
    removeQuietly(temporary);
    throw cannotWrite(file, error);
  } finally {
    if (former !== undefined) closeSync(former.fd);
  }
}

/** Saves the former content, and checks that. An older login of the same account needs no check: the new text is newer. */
function saveFormer(file: string, former: string, text: string, save: SaveElsewhere): void {
  const order = compareLogins(text, former);
  if (former.trim() === '' || order === 'same') return;
  const savedIn = save(former);
  const held = savedIn === undefined ? '' : (readCredential(savedIn)?.text ?? '');
  if (order === 'newer' || isAsNew(held, former)) return;
  throw new HotswapError(
    'bad-state',
    `${file} has a login that no other file has, so it was not changed`,
    'to find the cause: codex-hotswap doctor',
  );
}
