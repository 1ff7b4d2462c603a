import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';

/** No record, configuration or login is larger: neither we nor Codex wrote a larger file. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Flags for open(2): without O_NONBLOCK a named pipe without a writer blocks for ever. A regular file ignores it. */
export const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a file for reading. A directory, a named pipe or a device in its place is refused at once.
 * @returns the descriptor; the caller closes it.
 * @throws the errno error of open(2); `EISDIR` for a directory, `ENXIO` for a pipe or a device.
 */
export function openRegularFile(path: string): number {
  return openAndMeasure(path).fd;
}

function openAndMeasure(path: string): { fd: number; size: number } {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, size: stats.size };
    throw failure(path, stats.isDirectory() ? 'EISDIR' : 'ENXIO');
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Gives the descriptor and the size of an open file to `use`, and closes it. @throws what `openRegularFile` and `use` throw. */
export function useRegularFile<T>(path: string, use: (fd: number, size: number) => T): T {
  const { fd, size } = openAndMeasure(path);
  try {
    return use(fd, size);
  } finally {
    closeSync(fd);
  }
}

/** All bytes of a file. @throws what `openRegularFile` throws; `EFBIG` when the file has more than 16 MiB. */
export function readRegularFile(path: string): Buffer {
  return useRegularFile(path, (fd, size) => {
    if (size > MOST_BYTES) throw failure(path, 'EFBIG');
    return readUpTo(fd, 0, MOST_BYTES, size);
  });
}

/** The text of a file; '' when the file cannot be read. */
export function readTextQuietly(path: string): string {
  try {
    return readRegularFile(path).toString('utf8');
  } catch {
    return '';
  }
}

/** The last bytes of a file, at most `most`, and the size of the file. @throws what `openRegularFile` throws. */
export function readTail(path: string, most: number): { bytes: Buffer; size: number } {
  return useRegularFile(path, (fd, size) => {
    const from = Math.max(0, size - most);
    return { bytes: readUpTo(fd, from, size - from, size - from), size };
  });
}

/** Undefined when the file is missing or cannot be reached: a link to itself, a directory without permission. */
export function statQuietly(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * Reads until the file ends, not until its size: the files of /proc have the size 0. A block of a megabyte for each of the 60
 * small files that a start reads costs 2 ms, as measured.
 */
function readUpTo(fd: number, from: number, most: number, expected: number): Buffer {
  const parts: Buffer[] = [];
  for (let done = 0; done < most; ) {
    const left = Math.max(expected - done + 1, LEAST_CHUNK_BYTES);
    const part = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES, most - done));
    const count = readSync(fd, part, 0, part.length, from + done);
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    done += count;
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

const CHUNK_BYTES = 1024 * 1024;
const LEAST_CHUNK_BYTES = 1024;

function failure(path: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}
