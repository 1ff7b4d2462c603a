import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** More than any record, configuration or login ever has: what is larger was not written by us or by Codex. */
const MOST_BYTES = 16 * 1024 * 1024;

/** For `open`: a named pipe without a writer would keep us waiting for ever. On a regular file it changes nothing. */
export const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a file for reading; whatever else is in its place (a directory, a named pipe, a device) is refused at once.
 * @returns the descriptor, to be closed.
 * @throws the errno error of open(2); `EISDIR` for a directory, `ENXIO` for another kind of thing.
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

/**
 * The whole of a file.
 * @throws what `openRegularFile` throws; `EFBIG` when it has more than 16 MiB.
 */
export function readRegularFile(path: string): Buffer {
  const fd = openRegularFile(path);
  try {
    const { size } = fstatSync(fd);
    if (size > MOST_BYTES) throw failure(path, 'EFBIG');
    return readUpTo(fd, 0, MOST_BYTES, size);
  } finally {
    closeSync(fd);
  }
}

/** The text of a file; '' where none can be read. */
export function readTextQuietly(path: string): string {
  try {
    return readRegularFile(path).toString('utf8');
  } catch {
    return '';
  }
}

/** The end of a file, at most so many bytes, and its size. @throws what `openRegularFile` throws. */
export function readTail(path: string, most: number): { bytes: Buffer; size: number } {
  const { fd, size } = openAndMeasure(path);
  try {
    const from = Math.max(0, size - most);
    return { bytes: readUpTo(fd, from, size - from, size - from), size };
  } finally {
    closeSync(fd);
  }
}

/**
 * To the end of the file: those of /proc say that they have no size. A block of a megabyte for each of the 60 small files
 * that a start reads costs 2 ms, as measured.
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
