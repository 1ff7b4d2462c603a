import { linkSync, lstatSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cannotWrite, errnoOf, removeQuietly, temporaryName } from '../../state/files.ts';

// Another program may write a new login into a file just before we replace the file. So the file first gets another name in
// the same directory. No program replaces it under that name, and we read it there.

/**
 * Gives the entry at `file` (a file, a link or a directory) another name in the same directory.
 * @returns the new name; undefined when there is no such entry.
 */
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

/** Whether {@link takeAside} has given this name to an auth.json. Such a file may be the only copy of a login. */
export function isAsideName(name: string): boolean {
  return /^\.auth\.json\.aside\.hotswap-\d+-[0-9a-f]{8}$/.test(name);
}

/** Gives an entry its name back. @returns false when another entry has taken the name: then both stay. */
export function putBack(aside: string, file: string): boolean {
  if (lstatSync(aside).isDirectory()) return renameBack(aside, file);
  if (!linkAs(aside, file)) return false;
  removeQuietly(aside);
  return true;
}

/** link(2) takes no directory, and rename(2) of a directory replaces no file. */
function renameBack(directory: string, name: string): boolean {
  try {
    renameSync(directory, name);
    return true;
  } catch {
    return false;
  }
}

/** Gives a file a second name: link(2), which replaces nothing. @returns false when the name is taken. */
export function linkAs(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw cannotWrite(to, error);
  }
}
