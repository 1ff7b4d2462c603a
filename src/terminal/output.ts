import type { WriteStream } from 'node:tty';

const HIGH_WATER = 64 * 1024;
const LOW_WATER = 16 * 1024;

export interface TerminalOutput {
  /** False: above the high water mark, wait for the drain. The bytes are taken in any case. */
  write(chunk: Buffer | string): boolean;
  onDrain(listener: () => void): void;
  /** Resolves when the terminal has taken everything, or is gone. */
  flush(): Promise<void>;
  onHangup(listener: () => void): void;
}

/**
 * Writes to the terminal without ever waiting for it. Node writes to a TTY synchronously: a stalled terminal (Ctrl-S, a
 * frozen window) would stop the event loop, and with it every signal handler.
 */
export function createTerminalOutput(stream: WriteStream): TerminalOutput {
  const drainListeners: (() => void)[] = [];
  const hangupListeners: (() => void)[] = [];
  let isAbove = false;
  let isGone = false;

  stream.on('error', () => {
    isGone = true;
    tellDrained();
    for (const listener of hangupListeners) listener();
  });

  function tellDrained(): void {
    if (!isAbove || (!isGone && stream.writableLength > LOW_WATER)) return;
    isAbove = false;
    for (const listener of drainListeners) listener();
  }

  return {
    write(chunk) {
      if (isGone) return true;
      if (stream.writableLength === 0) setBlocking(stream, false);
      stream.write(chunk, tellDrained);
      isAbove ||= stream.writableLength > HIGH_WATER;
      return !isAbove;
    },
    onDrain: (listener) => void drainListeners.push(listener),
    async flush() {
      if (!isGone && stream.writableLength > 0) {
        await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
      // Where libuv could not reopen the tty, the file description is shared with the shell that started us.
      if (stream.writableLength === 0) setBlocking(stream, true);
    },
    onHangup: (listener) => void hangupListeners.push(listener),
  };
}

/** Private to Node, but it is the only way; without it writes wait, as they do in any Node program. */
function setBlocking(stream: WriteStream, blocking: boolean): void {
  const { _handle: handle } = stream as unknown as {
    _handle?: { setBlocking?: (blocking: boolean) => void };
  };
  handle?.setBlocking?.(blocking);
}
