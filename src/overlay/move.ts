import nodeFs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, temporaryName } from '../state/files.ts';
import { sweepTemporaries } from './temporaries.ts';

/** The calls into the file system that a move makes; a test lets each of them fail. */
export type FileSystem = typeof nodeFs;

/**
 * Moves a file, a directory or a link to a free name. To another file system it is first copied beside that name, so that it
 * appears complete. Sockets, fifos and devices are left out: they work only with their process.
 * @returns false when the name is taken; nothing was moved then.
 * @throws the errno error; then the content is at its old name, and no copy is left.
 */
export function moveNew(from: string, to: string, fs: FileSystem = nodeFs): boolean {
  const stats = fs.lstatSync(from);
  try {
    if (!putNew(from, to, stats, fs)) return false;
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    return withCopy(from, to, fs, (copy) => {
      if (!putNew(copy, to, stats, fs)) return false;
      fs.rmSync(from, { recursive: true, force: true });
      return true;
    });
  }
  if (!stats.isDirectory()) fs.rmSync(from, { force: true });
  return true;
}

/** Moves a file and replaces the file at `to`. @throws as {@link moveNew} does. */
export function moveOver(from: string, to: string, fs: FileSystem = nodeFs): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    withCopy(from, to, fs, (copy) => {
      fs.renameSync(copy, to);
      fs.rmSync(from, { force: true });
    });
  }
}

/** Copies a file or a directory, with times and modes, to a free name. @returns false when the name is taken. */
export function copyNew(from: string, to: string, fs: FileSystem = nodeFs): boolean {
  const stats = fs.lstatSync(from);
  return withCopy(from, to, fs, (copy) => putNew(copy, to, stats, fs));
}

/**
 * Gives the entry at `from` a free name on the same file system. A file gets a second name, and a directory is renamed.
 * rename(2) would replace a file that another process has just made; link(2) fails instead.
 */
function putNew(from: string, to: string, stats: nodeFs.Stats, fs: FileSystem): boolean {
  try {
    if (stats.isDirectory()) fs.renameSync(from, to);
    // On macOS link(2) follows a symbolic link.
    else if (stats.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(from), to);
    else fs.linkSync(from, to);
    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (TAKEN.includes(code)) return false;
    if (!stats.isFile() || !NO_HARD_LINKS.includes(code)) throw error;
    return claimName(from, to, fs);
  }
}

// rename(2) replaces an empty directory by a directory, and no other entry.
const TAKEN = ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'];
/** The error codes of link(2) on a file system without hard links. */
export const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

// On a file system without hard links an empty file of ours holds the name until the rename.
function claimName(from: string, to: string, fs: FileSystem): boolean {
  try {
    fs.closeSync(fs.openSync(to, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    remove(to, fs);
    throw error;
  }
}

/** Makes a copy beside `to`, and removes the copy in any case. */
function withCopy<Result>(
  from: string,
  to: string,
  fs: FileSystem,
  act: (copy: string) => Result,
): Result {
  sweepTemporaries(dirname(to));
  const copy = join(dirname(to), temporaryName(basename(to)));
  try {
    copyTree(from, copy, fs);
    return act(copy);
  } finally {
    remove(copy, fs);
  }
}

function copyTree(from: string, to: string, fs: FileSystem): void {
  const stats = fs.lstatSync(from);
  if (stats.isSymbolicLink()) {
    fs.symlinkSync(fs.readlinkSync(from), to);
    return;
  }
  if (stats.isDirectory()) {
    fs.mkdirSync(to, 0o700);
    for (const name of fs.readdirSync(from)) copyTree(join(from, name), join(to, name), fs);
    fs.chmodSync(to, stats.mode & 0o777);
  } else if (stats.isFile()) {
    fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL);
    sync(to, fs);
  } else {
    return;
  }
  fs.utimesSync(to, stats.atime, stats.mtime);
}

// The original is deleted next. After a power cut one of the two must exist.
function sync(path: string, fs: FileSystem): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function remove(path: string, fs: FileSystem): void {
  for (let tries = 2; tries > 0; tries--) {
    try {
      fs.rmSync(path, { recursive: true, force: true });
      return;
    } catch {
      // Tries once more. Then the next sweep removes the copy (see temporaries.ts).
    }
  }
}
