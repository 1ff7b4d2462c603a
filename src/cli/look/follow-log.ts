import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { openRegularFile } from '../../regular-file.ts';
import { attempt } from '../../state/attempt.ts';

const POLL_MS = 250;
const MOST_CHARACTERS = 1024 * 1024;

/**
 * Calls `onLine` for each line of a file after its first `offset` bytes, and for each line that is written later, for ever. The
 * file may be rotated (renamed to `<file>.1`), or not exist yet. It polls, because each system reports a replaced file in its
 * own way.
 */
export function followLines(file: string, offset: number, onLine: (line: string) => void): void {
  let fd = openOrNone(file);
  let at = offset;
  let decoder = new StringDecoder('utf8');
  let rest = '';

  function readOn(): void {
    const buffer = Buffer.alloc(64 * 1024);
    while (fd !== undefined) {
      const count = readSync(fd, buffer, 0, buffer.length, at);
      if (count === 0) return;
      at += count;
      const lines = (rest + decoder.write(buffer.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      // No event is so long. What is left of such a line is no JSON, so its reader ignores it.
      if (rest.length > MOST_CHARACTERS) rest = '';
      for (const line of lines) onLine(line);
    }
  }

  setInterval(() => {
    readOn();
    if (fd !== undefined && isSameFile(fd, file)) return;
    const next = openOrNone(file);
    if (next === undefined) return;
    // The old file may have got more lines before the rotation.
    readOn();
    if (fd !== undefined) closeSync(fd);
    [fd, at, rest, decoder] = [next, 0, '', new StringDecoder('utf8')];
    readOn();
  }, POLL_MS);
}

function openOrNone(file: string): number | undefined {
  return attempt(() => openRegularFile(file));
}

function isSameFile(fd: number, file: string): boolean {
  const [held, named] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })];
  return named !== undefined && named.ino === held.ino && named.dev === held.dev;
}
