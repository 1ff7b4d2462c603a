import { HotswapError } from '../../errors.ts';
import { readTail } from '../../regular-file.ts';
import { errnoOf } from '../../state/files.ts';
import { readEvent } from './read-event.ts';

/**
 * Reads the lines of a log that are events, and the size of the file. A missing file has none. A person may have edited it.
 * @throws HotswapError `bad-state` when the file cannot be read.
 */
export function readEventLines(file: string): { lines: string[]; bytes: number } {
  try {
    const { bytes, size } = readTail(file, MOST_BYTES);
    return {
      lines: bytes
        .toString('utf8')
        .split('\n')
        .filter((line) => readEvent(line) !== undefined),
      bytes: size,
    };
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { lines: [], bytes: 0 };
    throw new HotswapError(
      'bad-state',
      `${file} cannot be read (${code})`,
      'move it away; the next session begins a new one',
    );
  }
}

/** We rotate the log at 4 MiB. Of a larger file, which we did not write, only the end is read. */
const MOST_BYTES = 8 * 1024 * 1024;
