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

/**
 * Makes `dir` (and missing parents) with mode 0700 whatever the umask; an existing one must be ours.
 * @throws HotswapError `unsafe-path` when it belongs to someone else or others can write in it; `home-unwritable` when
 * it cannot be made.
 */
export function ensurePrivateDir(dir: string): void {
  if (assertOwned(dir) !== undefined) return;
  const parent = dirname(dir);
  if (parent !== dir && !isDirectory(parent)) ensurePrivateDir(parent);
  try {
    mkdirSync(dir, 0o700);
    // mkdir(2) takes the umask off the mode: with umask 0277 we could not even enter what we made.
    chmodSync(dir, 0o700);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw cannotWrite(dir, error);
    assertOwned(dir); // somebody was faster: the same program, or an attacker
  }
}

/**
 * Makes a directory of the user's own (their Codex home), whose mode is theirs to choose; ours would be 0700.
 * @throws HotswapError `home-unwritable`.
 */
export function ensureDir(dir: string): void {
  try {
    if (isDirectory(dir)) return;
    const parent = dirname(dir);
    if (parent !== dir) ensureDir(parent);
    // Not `recursive`: Node tries for ever where mkdir(2) says ENOENT in a directory that exists, as in /proc.
    mkdirSync(dir, 0o700);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && isDirectory(dir)) return; // somebody was faster
    throw cannotWrite(dir, error);
  }
}

/** The names in a directory; none where it cannot be read. */
export function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/**
 * Refuses a path that another user owns or could change under us.
 * @returns its stats (symlinks followed), or undefined when there is nothing.
 * @throws HotswapError `unsafe-path`; `home-unwritable` when it cannot be looked at.
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
      'remove it or give it back to you with chown',
    );
  }
  if ((stats.mode & 0o022) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new HotswapError(
      'unsafe-path',
      `${path} can be changed by other users (mode ${mode})`,
      `run: chmod ${stats.isDirectory() ? '700' : '600'} ${path}`,
    );
  }
  return stats;
}

export type JsonRead =
  | { kind: 'ok'; value: unknown }
  | { kind: 'missing' }
  | { kind: 'broken'; reason: string }
  /** The system refused it: what is in it may be whole. */
  | { kind: 'unreadable'; reason: string };

/** Why a file gave no record. */
export type JsonFault = Extract<JsonRead, { reason: string }>;

/** Reads a JSON file; a broken or unreadable one is a value, not an exception, for each caller has its own answer. */
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
    // The parser's own message quotes the text, which may hold a token.
    return { kind: 'broken', reason: text.trim() === '' ? 'is empty' : 'is not valid JSON' };
  }
}

/** Something else is in the place of the file, or far more than we ever write. */
const NO_RECORD = new Set(['EISDIR', 'ENXIO', 'ELOOP', 'EFBIG']);

/**
 * Writes a whole file or nothing: a new file beside it, synced, renamed over. Mode 0600 unless told, whatever the umask.
 * A symlink at `path` is replaced, not followed.
 * @param options.sync false leaves out fsync for records whose loss in a power cut costs nothing (hot path).
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

/** Writes a file that must not exist yet (0600 unless told); throws the plain errno error. */
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

/** A name beside `name` that nobody else uses, recognisable as a leftover of ours. */
export function temporaryName(name: string): string {
  // Not node:crypto, which takes 4 ms to load on the way to the first frame: the file is made with O_EXCL anyway.
  const unique = Math.floor(Math.random() * 2 ** 32).toString(16);
  return `.${name}.hotswap-${process.pid}-${unique.padStart(8, '0')}`;
}

/** True for what an interrupted write of ours leaves behind. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/** The pid of the process that made a temporary name. */
export function temporaryOwner(name: string): number {
  return Number(TEMPORARY_NAME.exec(name)?.[1]);
}

const TEMPORARY_NAME = /^\..+\.hotswap-(\d+)-[0-9a-f]{8}$/;

/**
 * Renames a broken file to `<name>.broken-<timestamp>`; nothing is ever deleted or overwritten.
 * @returns the new path.
 */
export function setAside(path: string, now: Date): string {
  const target = unusedName(`${path}.broken-${timestamp(now)}`);
  renameSync(path, target);
  return target;
}

/** `base`, or `base-2`, `base-3`, … : the first that does not exist. */
export function unusedName(base: string): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? base : `${base}-${count}`;
    if (lstatSync(candidate, { throwIfNoEntry: false }) === undefined) return candidate;
  }
}

/** UTC to the second in a form that sorts and is safe in file names: 20261121T034500Z. */
export function timestamp(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d+/g, '');
}

export function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Already gone, or not removable: the caller has a better error to report.
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What to throw when `path` could not be written: the cause itself where it is no error of the file system. */
export function cannotWrite(path: string, cause: unknown): unknown {
  if (cause instanceof HotswapError || errnoOf(cause) === undefined) return cause;
  return new HotswapError(
    'home-unwritable',
    `${path} cannot be written (${errnoOf(cause)})`,
    'check that your home directory is writable and has room, or set XDG_STATE_HOME to a directory of yours',
    { cause },
  );
}
