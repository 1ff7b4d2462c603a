import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { createTerminalOutput, type TerminalOutput } from '../../terminal/output.ts';
import { isTerminal } from '../../terminal/tty-facts.ts';

/** Gets told when stdout takes bytes again, and when nobody reads it any more. */
interface StdoutListeners {
  drained(): void;
  hungUp(): void;
}

/** Opens our own stdout for the bytes of a child. No write waits for a reader. */
export function openOwnStdout(on: StdoutListeners): TerminalOutput {
  const stats = statsOfStdout();
  if (isTerminal(1) || stats?.isSocket()) return createTerminalOutput(process.stdout, on);
  if (stats?.isFIFO()) return createTerminalOutput(reopenPipe() ?? process.stdout, on);
  return createFileOutput(on);
}

/**
 * Opens the pipe once more. Node makes a pipe that it writes to non-blocking. Commands before and after us may share the open
 * file, and would find it non-blocking, too. macOS only duplicates the descriptor.
 * @returns undefined where that is not possible, and when nobody reads the pipe.
 */
function reopenPipe(): Writable | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const fd = openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true });
  } catch {
    return undefined;
  }
}

/** A file, or a device such as /dev/null, takes everything at once. */
function createFileOutput(on: StdoutListeners): TerminalOutput {
  let isGone = false;
  return {
    write(chunk) {
      let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      try {
        while (!isGone && rest.length > 0) rest = rest.subarray(writeSync(1, rest));
      } catch {
        isGone = true; // the disk is full
        on.hungUp();
      }
      return true;
    },
    flush: () => Promise.resolve(),
  };
}

function statsOfStdout() {
  try {
    return fstatSync(1);
  } catch {
    return undefined;
  }
}
