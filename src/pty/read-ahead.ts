import { readSync } from 'node:fs';

/** A read of a pty gives at most this much: N_TTY hands over a page, less one byte. After a full read more may be waiting. */
const FULL_READ = 4095;
const BLOCK = 64 * 1024;

export interface ReadAhead {
  /** Each read puts its bytes here. */
  readonly block: Buffer;
  /**
   * Reads on behind a full chunk, until nothing is waiting or the block is full.
   * @param chunk was just read to the start of the block.
   * @param pass gets the chunk, and then each later piece as soon as it is read. It returns false when it takes no more now.
   * @returns the chunk and the pieces joined. The next read overwrites them.
   */
  readOn(chunk: Buffer, pass: (piece: Buffer) => boolean): Buffer;
}

/**
 * Linux gives 4 KiB for each read, and a stream needs an epoll_wait and a callback for each, so we read the rest at once.
 * Each piece is passed on before the next one is read: the terminal works on it meanwhile, and a pty holds only 12 KiB. (When
 * 64 KiB were read before a write, a core was idle for a third of the time.) After a chunk that is not full nothing is
 * waiting. Echoes and small frames come in such chunks.
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

/** 0 when nothing is waiting. After an error also 0: the stream's own read gets the same error. */
function readNow(fd: number, block: Buffer, offset: number): number {
  try {
    return readSync(fd, block, offset, block.length - offset, null);
  } catch {
    return 0;
  }
}
