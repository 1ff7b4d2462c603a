import { readSync } from 'node:fs';

/** What a read of a pty gives when more is waiting (N_TTY hands over at most a page, less one byte). */
const FULL_READ = 4095;
const BLOCK = 64 * 1024;

/**
 * Joins a full chunk from the pty with what is waiting behind it, up to 64 KiB. Linux gives 4 KiB a read, and a stream
 * pays an epoll_wait, an allocation and a callback for each: half of what a flood costs. A chunk that is not full, as
 * everything typed or drawn, goes on at once.
 */
export function createReadAhead(fd: number): (chunk: Buffer) => Buffer {
  return (chunk) => {
    if (chunk.length < FULL_READ || chunk.length >= BLOCK) return chunk;
    const block = Buffer.allocUnsafeSlow(BLOCK);
    let length = chunk.copy(block);
    let read = FULL_READ;
    while (read >= FULL_READ && length < BLOCK) {
      read = readNow(fd, block, length);
      length += read;
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
