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

/** A credential file as it was read. */
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

/** A credential file that is held open: its inode lives on when another file takes its name. */
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

/** Whether both are one file, whatever its names. */
export function isSameInode(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Whether the name still leads to the file that was read. */
export function isStillThere({ file, stats }: Credential): boolean {
  const now = lstatSync(file, { throwIfNoEntry: false });
  return now !== undefined && isSameInode(now, stats);
}
