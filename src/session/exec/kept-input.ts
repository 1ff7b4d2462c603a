import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { StartEffect } from '../../handoff/effects.ts';

/** The user's stdin, for a command that may have to be run twice: the input of each kind of child. */
export interface KeptInput extends Record<StartEffect['how'], ChildInput> {
  /** `again` gives the same bytes once more. */
  readonly repeatable: boolean;
}

/** The stdin for `spawn`. `feed` writes into the pipe. */
export type ChildInput =
  | { stdio: 'inherit' | 'ignore' }
  | { stdio: 'pipe'; feed(stdin: Writable): void };

/**
 * Codex reads a stdin that is no terminal to its end, even if it has a prompt (fact 90). The child gets the user's own
 * descriptor for a terminal, a device, a file (it can be read again), and for a command that is never run again. Only a
 * pipe that may be needed twice is read by us, and passed on unchanged.
 * @param mayRunAgain the command may have to be run again.
 */
export function keepInput(mayRunAgain: boolean): KeptInput {
  const stats = statsOfStdin();
  const inherit: ChildInput = { stdio: 'inherit' };
  if (stats === undefined || isatty(0) || stats.isCharacterDevice()) {
    return { repeatable: true, first: inherit, again: inherit, resume: inherit };
  }
  // A resumed child has its prompt on the command line, and the input was read already.
  const resume: ChildInput = { stdio: 'ignore' };
  const position = stats.isFile() ? positionOfStdin() : undefined;
  if (position !== undefined) {
    const again: ChildInput = { stdio: 'pipe', feed: (stdin) => feedFrom(position, stdin) };
    return { repeatable: true, first: inherit, again, resume };
  }
  if (!mayRunAgain) return { repeatable: false, first: inherit, again: resume, resume };
  const tee = teeStdin();
  return { repeatable: true, first: tee, again: tee, resume };
}

function teeStdin(): ChildInput {
  const kept: Buffer[] = [];
  let source: Readable | undefined;
  let ended = false;
  let reader: Writable | undefined;

  function open(): Readable {
    const opened = openOwnStdin();
    opened.on('data', (chunk: Buffer) => {
      kept.push(chunk);
      if (reader?.write(chunk) === false) opened.pause();
    });
    const end = () => {
      ended = true;
      reader?.end();
    };
    opened.once('end', end).once('error', end);
    return opened;
  }

  return {
    stdio: 'pipe',
    feed(stdin) {
      stdin.on('error', () => undefined); // EPIPE: the child need not read its input
      stdin.on('drain', () => source?.resume());
      for (const chunk of kept) stdin.write(chunk);
      reader = stdin;
      if (ended) stdin.end();
      source ??= open();
      source.resume();
    },
  };
}

/**
 * Opens the pipe once more. Node makes a pipe that it reads non-blocking. The shell shares the open file of stdin, so its
 * stdin would become non-blocking, too. A socket cannot be opened by name, and macOS only duplicates the descriptor.
 */
function openOwnStdin(): Readable {
  try {
    if (process.platform === 'linux') {
      const fd = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: true, writable: false });
    }
  } catch {
    // The shell's own descriptor is used instead.
  }
  return process.stdin;
}

function feedFrom(position: number, stdin: Writable): void {
  stdin.on('error', () => undefined);
  stdin.end(readFrom(position));
}

function statsOfStdin() {
  try {
    return fstatSync(0);
  } catch {
    return undefined; // stdin is closed: <&-
  }
}

/** The position of stdin in its file. Undefined where the system does not tell. */
function positionOfStdin(): number | undefined {
  try {
    const position = /^pos:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'latin1'))?.[1];
    return position === undefined ? undefined : Number(position);
  } catch {
    return undefined;
  }
}

function readFrom(position: number): Buffer {
  const chunks: Buffer[] = [];
  const fd = openSync('/proc/self/fd/0', 'r');
  try {
    for (let at = position; ; ) {
      const chunk = Buffer.alloc(64 * 1024);
      const length = readSync(fd, chunk, 0, chunk.length, at);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}
