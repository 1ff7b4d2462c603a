import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface TerminalOutput {
  /** Takes all the bytes. @returns false when the terminal takes no more now: then wait for the drain. */
  write(chunk: Buffer | string): boolean;
  /** Resolves when the terminal has taken everything, or is gone. */
  flush(): Promise<void>;
}

/**
 * Writes to a terminal without ever waiting for it. Node writes to a TTY synchronously: a stalled terminal (Ctrl-S, a
 * frozen window) would stop the event loop, and with it every signal handler. A pipe or a socket will do, too.
 */
export function createTerminalOutput(
  stream: Writable,
  on: { drained(): void; hungUp(): void },
): TerminalOutput {
  let isFull = false;
  let isGone = false;
  let isBlocking = true;

  stream.on('error', () => {
    isGone = true;
    tellDrained();
    on.hungUp();
  });

  function tellDrained(): void {
    if (!isFull || (!isGone && stream.writableLength > 0)) return;
    isFull = false;
    on.drained();
  }

  return {
    write(chunk) {
      if (isGone) return true;
      if (isBlocking) {
        setBlocking(stream, false);
        isBlocking = false;
      }
      const rest = stream.writableLength === 0 ? writeNow(stream, chunk) : chunk;
      if (rest.length === 0) return true;
      isFull = true;
      // A copy, as the caller's next read overwrites the bytes.
      stream.write(typeof rest === 'string' ? rest : Buffer.from(rest), tellDrained);
      return false;
    },
    async flush() {
      if (!isGone && stream.writableLength > 0) {
        await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
      // Where libuv could not reopen the tty, the shell shares its file description, so it must be blocking again.
      if (stream.writableLength > 0) return;
      setBlocking(stream, true);
      isBlocking = true;
    },
  };
}

/**
 * Writes the bytes that the terminal takes at once, and returns the rest. Nearly every chunk goes this way, as the stream
 * costs twice as much. After an error the stream gets the bytes, and meets the same error.
 */
function writeNow(stream: Writable, chunk: Buffer | string): Buffer | string {
  const fd = handleOf(stream)?.fd;
  if (fd === undefined || fd < 0 || typeof chunk === 'string') return chunk;
  try {
    return chunk.subarray(writeSync(fd, chunk));
  } catch {
    return chunk; // EAGAIN as a rule
  }
}

/** Private to Node. There is no public way. Without it each write waits for the terminal. */
function setBlocking(stream: Writable, blocking: boolean): void {
  handleOf(stream)?.setBlocking?.(blocking);
}

function handleOf(stream: Writable) {
  return (stream as unknown as { _handle?: Handle })._handle;
}

interface Handle {
  /** The descriptor of the reopened terminal. It is not stdout's own. */
  fd?: number;
  setBlocking?: (blocking: boolean) => void;
}
