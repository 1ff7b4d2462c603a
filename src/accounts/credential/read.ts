import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { errnoOf } from '../../state/files.ts';

/** The content of a credential file, and the inode it was read from. */
export interface Credential {
  file: string;
  text: string;
  stats: Stats;
}

/**
 * Reads a credential file and its inode. No link is followed.
 * @returns undefined when the file is missing, a link, or no regular file.
 * @throws other errors of the file system.
 */
export function readCredential(file: string): Credential | undefined {
  const open = openCredential(file);
  if (open === undefined) return undefined;
  try {
    return { file, text: readAll(open), stats: open.stats };
  } finally {
    closeSync(open.fd);
  }
}

/** An open credential file: its inode exists until it is closed, also when another file gets its name. */
export interface OpenCredential {
  fd: number;
  stats: Stats;
}

/** The caller closes it. @returns undefined as {@link readCredential} does. */
export function openCredential(file: string): OpenCredential | undefined {
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

/** The whole text of an open file. */
export function readAll({ fd }: OpenCredential): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(size);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, 0));
}

/** Whether both are one file, under one name or two. */
export function isSameInode(a: Stats, b: Stats | undefined): boolean {
  return b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Whether the name still leads to the file that was read. */
export function isStillThere({ file, stats }: Credential): boolean {
  return isSameInode(stats, lstatSync(file, { throwIfNoEntry: false }));
}

/** Whether the name is taken: by a file, a directory, or a link to anything or nothing. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
