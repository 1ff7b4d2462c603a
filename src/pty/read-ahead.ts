import { readSync } from 'node:fs';

/** A read of a pty gives at most this much (N_TTY hands over a page, less one byte): then more is waiting. */
const FULL_READ = 4095;
const BLOCK = 64 * 1024;

export interface ReadAhead {
  /** What is read is put here. */
  readonly block: Buffer;
  /**
   * Reads on behind a full chunk, until nothing is waiting or the block is full.
   * @param chunk was just read to the start of the block.
   * @param pass gets the chunk, and then each piece behind it as soon as it is read; false: it takes no more now.
   * @returns all of them joined. The next read overwrites it.
   */
  readOn(chunk: Buffer, pass: (piece: Buffer) => boolean): Buffer;
}

/**
 * Linux gives 4 KiB a read, and a stream pays an epoll_wait and a callback for each. So the rest is read at once. Each piece
 * is passed on before the next is read: the terminal works on it meanwhile, and a pty holds 12 KiB only. (Reading 64 KiB
 * before a write kept a core idle for a third of the time.) A chunk that is not full, as everything typed or drawn, is all
 * there is.
 */
export function createReadAhead(fd: number): ReadAhead {
  const block = Buffer.allocUnsafeSlow(BLOCK);
  return {
    block,
    readOn(chunk, pass) {
      let { length } = chunk;
      let isWanted = pass(chunk);
      for (let read = length; isWanted && read >= FULL_READ && length < BLOCK; length += read) {
        read = readNow(fd, block, length);
        if (read > 0) isWanted = pass(block.subarray(length, length + read));
      }
      return block.subarray(0, length);
    },
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
