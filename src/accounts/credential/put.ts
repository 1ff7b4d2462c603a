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

// The files of this folder are the only ones that rename, link or unlink an auth.json. Their rule: the newest content
// stands in a regular file with another inode before a name of it is taken away.

/** How often a file is tried again that another program keeps writing. */
const MOST_TRIES = 5;

/**
 * Makes `text` the content of a credential file (0600): a whole new file is renamed over the old one. A link is replaced
 * and not followed. A newer login of the same account that is there already stays. The caller holds the account's lock.
 * @param save is given the text of the login that loses its place.
 * @throws HotswapError `home-unwritable`; `bad-state` when the former content is kept nowhere; `in-use` when the file never
 * stays the same.
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

/** Writes a login as a new file (0600) named `base`, or `base` with a number where that is taken. @returns the file. */
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

/** The error about a file that never stays the same. */
export function isBeingWritten(file: string): HotswapError {
  return new HotswapError(
    'in-use',
    `${file} is being written by another program, so it was left as it is`,
    'try again in a moment',
  );
}

/** @returns `late`: what was written into the former file while it was replaced. */
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
    // The former inode lives as long as we hold it open, so what Codex saves into it meanwhile can still be read.
    const late = former === undefined ? before : readAll(former);
    return late === before ? 'done' : { late };
  } catch (error) {
    removeQuietly(temporary);
    throw cannotWrite(file, error);
  } finally {
    if (former !== undefined) closeSync(former.fd);
  }
}

/** Saves the former content. An older login of the same account may go without proof, as the new text is newer. */
function saveFormer(file: string, former: string, text: string, save: SaveElsewhere): void {
  const order = compareLogins(text, former);
  if (former.trim() === '' || order === 'same') return;
  const savedIn = save(former);
  const held = savedIn === undefined ? '' : (readCredential(savedIn)?.text ?? '');
  if (order === 'newer' || isAsNew(held, former)) return;
  throw new HotswapError(
    'bad-state',
    `${file} holds a login that is kept nowhere else, so it was left as it is`,
    'look into it with: codex-hotswap doctor',
  );
}
