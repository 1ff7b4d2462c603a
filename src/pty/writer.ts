import { writeSync } from 'node:fs';

/** When more bytes wait for a stalled child, the caller should stop reading its input. None is lost. */
const HIGH_WATER = 64 * 1024;
const LOW_WATER = 16 * 1024;
const RETRY_MS = 1;
const STALLED_RETRY_MS = 16;
const STALLED_AFTER = 50;

export interface PtyWriter {
  /** Takes all the bytes. @returns false when many are waiting: then wait for the drain. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  close(): void;
}

/**
 * Writes to a non-blocking pty master, in order. The rest of a short write follows later.
 *
 * node-pty's own writer has no backpressure, repeats a refused write at once (a full core while the child does not read),
 * and prints errors on the user's screen. A write to a pty waits for no disk, so the synchronous call is the fastest way
 * for a key press.
 */
export function createPtyWriter(fd: number): PtyWriter {
  const queue: Buffer[] = [];
  const drainListeners: (() => void)[] = [];
  let queued = 0;
  let refusals = 0;
  let isAbove = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Writes until the queue is empty or the kernel refuses. */
  function flush(): void {
    timer = undefined;
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const written = tryWrite(fd, head);
      if (typeof written === 'string') {
        if (written === 'gone') close();
        else retryLater();
        return;
      }
      refusals = 0;
      queued -= written;
      if (written === head.length) queue.shift();
      else queue[0] = head.subarray(written);
    }
    tellDrained();
  }

  function retryLater(): void {
    tellDrained();
    refusals += 1;
    timer = setTimeout(flush, refusals < STALLED_AFTER ? RETRY_MS : STALLED_RETRY_MS);
  }

  function tellDrained(): void {
    if (!isAbove || queued > LOW_WATER) return;
    isAbove = false;
    for (const listener of drainListeners) listener();
  }

  function close(): void {
    isClosed = true;
    clearTimeout(timer);
    queue.length = 0;
    queued = 0;
    tellDrained();
  }

  return {
    write(data) {
      if (isClosed || data.length === 0) return true;
      queue.push(data);
      queued += data.length;
      if (timer === undefined) flush();
      isAbove ||= queued > HIGH_WATER;
      return !isAbove;
    },
    onDrain: (listener) => void drainListeners.push(listener),
    close,
  };
}

function tryWrite(fd: number, data: Buffer): number | 'refused' | 'gone' {
  try {
    return writeSync(fd, data);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'refused' : 'gone';
  }
}
