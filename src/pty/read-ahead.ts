import { readSync } from 'node:fs';

/** A read of a pty gives at most this much (N_TTY hands over a page, less one byte): then more is waiting. */
const FULL_READ = 4095;
const BLOCK = 64 * 1024;

/**
 * Reads on behind a full chunk of a pty, up to 64 KiB. Linux gives 4 KiB a read, and a stream pays an epoll_wait, an
 * allocation of 64 KiB and a callback for each. A chunk that is not full, as everything typed or drawn, is all there is.
 *
 * The result takes a chunk and a function that gets it, and then each piece behind it as soon as it is read: the terminal
 * works on one piece while we read the next (64 KiB at a time keep both waiting: 60 MB/s instead of 90). The function
 * returns false when it wants no more. The result returns all of it joined, to be looked at before the next call.
 */
export function createReadAhead(fd: number) {
  let block: Buffer | undefined;
  return (chunk: Buffer, pass: (piece: Buffer) => boolean): Buffer => {
    if (!pass(chunk) || chunk.length < FULL_READ || chunk.length >= BLOCK) return chunk;
    block ??= Buffer.allocUnsafeSlow(BLOCK);
    let length = chunk.copy(block);
    for (let read = FULL_READ; read >= FULL_READ && length < BLOCK; length += read) {
      read = readNow(fd, block, length);
      if (read > 0 && !pass(block.subarray(length, length + read)))
        return block.subarray(0, length + read);
    }
    return block.subarray(0, length);
  };
}

/** 0 when nothing is waiting; errors are left to the stream, which meets them again. */
function readNow(fd: number, block: Buffer, offset: number): number {
  try {
    return readSync(fd, block, offset, block.length - offset, null);
  } catch {
    return 0;
  }
}
