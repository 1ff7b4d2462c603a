import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import { toShellWord } from '../shell-word.ts';
import { attempt } from './attempt.ts';

/**
 * Makes a directory and its missing parents, with mode 0700 under any umask.
 * @throws HotswapError `unsafe-path` when the directory exists and another user owns it or can write in it;
 * `home-unwritable` when it cannot be made.
 */
export function ensurePrivateDir(dir: string): void {
  if (assertOwned(dir) !== undefined) return;
  const parent = dirname(dir);
  if (parent !== dir && !isDirectory(parent)) ensurePrivateDir(parent);
  try {
    mkdirSync(dir, 0o700);
    // mkdir(2) applies the umask: with umask 0277 we could not enter our own directory.
    chmodSync(dir, 0o700);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw cannotWrite(dir, error);
    assertOwned(dir); // another process made it first: one of ours, or an attacker's
  }
}

/**
 * Makes a directory of the user (their Codex home) with mode 0700, and leaves an existing one as it is.
 * @throws HotswapError `home-unwritable`.
 */
export function ensureDir(dir: string): void {
  try {
    if (isDirectory(dir)) return;
    const parent = dirname(dir);
    if (parent !== dir) ensureDir(parent);
    // Not `recursive`: Node never ends where mkdir(2) fails with ENOENT in an existing directory, as in /proc.
    mkdirSync(dir, 0o700);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && isDirectory(dir)) return; // another process made it first
    throw cannotWrite(dir, error);
  }
}

/**
 * Refuses a path that another user owns or can change.
 * @returns its stats (symlinks followed), or undefined when nothing is there.
 * @throws HotswapError `unsafe-path`; `home-unwritable` when stat(2) fails.
 */
export function assertOwned(path: string): Stats | undefined {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw cannotWrite(path, error);
  }
  const uid = process.getuid?.();
  if (uid !== undefined && stats.uid !== uid) {
    throw new HotswapError(
      'unsafe-path',
      `${path} belongs to another user (uid ${stats.uid}, you are ${uid})`,
      'remove it, or make it yours with chown',
    );
  }
  if ((stats.mode & 0o022) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new HotswapError(
      'unsafe-path',
      `${path} can be changed by other users (mode ${mode})`,
      `run: chmod ${stats.isDirectory() ? '700' : '600'} ${toShellWord(path)}`,
    );
  }
  return stats;
}

export type JsonRead =
  | { kind: 'ok'; value: unknown }
  | { kind: 'missing' }
  | { kind: 'broken'; reason: string }
  /** The system refused to read the file: its content may be good. */
  | { kind: 'unreadable'; reason: string };

/** A file that gave no record, with the reason. */
export type JsonFault = Extract<JsonRead, { reason: string }>;

/** Reads a JSON file. Does not throw: each caller has its own answer to a broken or unreadable file. */
export function readJson(path: string): JsonRead {
  let text: string;
  try {
    text = readRegularFile(path).toString('utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    const kind = code !== undefined && NO_RECORD.has(code) ? 'broken' : 'unreadable';
    return { kind, reason: `cannot be read (${code ?? String(error)})` };
  }
  try {
    return { kind: 'ok', value: JSON.parse(text) };
  } catch {
    // The message of the parser quotes the text, which may hold a token.
    return { kind: 'broken', reason: text.trim() === '' ? 'is empty' : 'is not valid JSON' };
  }
}

/** The path is no regular file, or the file is larger than any of ours. */
const NO_RECORD = new Set(['EISDIR', 'ENXIO', 'ELOOP', 'EFBIG']);

/**
 * Writes the whole file or nothing: writes a new file beside it, syncs that, renames it. Default mode: 0600, under any
 * umask. A symlink at `path` is replaced, not followed.
 * @param options.sync false leaves out fsync(2), for records that a power cut may lose (hot path).
 * @throws HotswapError `home-unwritable`.
 */
export function replaceFile(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number; sync?: boolean } = {},
): void {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    writeNewFile(temporary, data, options);
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw cannotWrite(path, error);
  }
}

/** Writes a file that must not exist yet (default mode 0600). @throws the errno error. */
export function writeNewFile(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number; sync?: boolean } = {},
): void {
  const mode = options.mode ?? 0o600;
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode);
  try {
    fchmodSync(fd, mode);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    if (options.sync !== false) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A new name for a temporary file beside `name`. {@link isTemporaryName} recognises it. */
export function temporaryName(name: string): string {
  // Not node:crypto, which takes 4 ms to load. A name need not be secret, for O_EXCL refuses an existing file.
  const unique = Math.floor(Math.random() * 2 ** 32).toString(16);
  return `.${name}.hotswap-${process.pid}-${unique.padStart(8, '0')}`;
}

/** Whether an interrupted write of ours may have left a file of this name. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/** The pid of the process that made a temporary name. */
export function temporaryOwner(name: string): number {
  return Number(TEMPORARY_NAME.exec(name)?.[1]);
}

const TEMPORARY_NAME = /^\..+\.hotswap-(\d+)-[0-9a-f]{8}$/;

/**
 * Renames a broken file to `<name>.broken-<timestamp>`. Deletes and overwrites nothing.
 * @returns the new path.
 */
export function setAside(path: string, now: Date): string {
  const target = unusedName(`${path}.broken-${timestamp(now)}`);
  renameSync(path, target);
  return target;
}

/** The first of `base`, `base-2`, `base-3`, … that does not exist. */
export function unusedName(base: string): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? base : `${base}-${count}`;
    if (lstatSync(candidate, { throwIfNoEntry: false }) === undefined) return candidate;
  }
}

/** UTC to the second, for file names that sort by time: 20261121T034500Z. */
export function timestamp(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d+/g, '');
}

export function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Removes a file. Its failure is ignored, because the caller has a more important error to report. */
export function removeQuietly(path: string): void {
  attempt(() => unlinkSync(path));
}

/** The names in a directory; none when the directory cannot be read. */
export function listReadableNames(dir: string): string[] {
  return attempt(() => readdirSync(dir)) ?? [];
}

/** The names in a directory; none when there is no directory. @throws any other errno error. */
export function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The error to throw when `path` could not be written; the cause itself when it is no error of the file system. */
export function cannotWrite(path: string, cause: unknown): unknown {
  if (cause instanceof HotswapError || errnoOf(cause) === undefined) return cause;
  return new HotswapError(
    'home-unwritable',
    `${path} cannot be written (${errnoOf(cause)})`,
    'check that your home directory is writable and has room, or set XDG_STATE_HOME to a directory of yours',
    { cause },
  );
}
