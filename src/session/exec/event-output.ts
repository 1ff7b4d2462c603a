import type { Readable } from 'node:stream';
import type { TerminalOutput } from '../../terminal/output.ts';
import { createEventFilter } from './event-filter.ts';
import { openOwnStdout } from './own-stdout.ts';

/** The way from the stdout of `codex exec --json` to ours, for all the children of a session. */
export interface EventOutput {
  /**
   * Passes on what a child writes. The child before has ended.
   * @param failed is called when the child has said that its turn has failed.
   */
  attach(stdout: Readable, failed: () => void): void;
  /** Resolves when everything is read that an ended child has written. */
  whenRead(): Promise<void>;
  /** The child has said that its turn has failed, or an error that may be the reason. */
  holdsError(): boolean;
  /** The message of the first of the lines that are held. */
  errorMessage(): string | undefined;
  /** The work does not go on: the client gets the lines of the failure. */
  release(): void;
  /** The same. Resolves when the client has taken everything, or reads no more. */
  flush(): Promise<void>;
  /** A signal is to end us. From now on nothing waits for a client that does not read. */
  hurry(): void;
}

/** A process that outlives Codex may keep its stdout open. After so long without a byte there is nothing more to come. */
const QUIET_MS = 100;
/** An error that ends its turn is followed by the failure of the turn in some 10 ms (fact 122). */
const LONE_ERROR_MS = 2000;
/** For the last lines, after a signal. */
const HURRY_MS = 200;

/** @param names for {@link createEventFilter}. */
export function createEventOutput(
  names?: ReadonlyMap<string, string>,
  open: typeof openOwnStdout = openOwnStdout,
): EventOutput {
  const filter = createEventFilter(names);
  const hurried = createSignal();
  let client: TerminalOutput | undefined;
  let child: Readable | undefined;
  let lone: NodeJS.Timeout | undefined;
  let isFull = false;
  let isGone = false;
  let hasRead = false;

  function send(pieces: readonly Buffer[]): void {
    if (isGone || pieces.length === 0) return;
    client ??= open({ drained, hungUp });
    for (const piece of pieces) if (!client.write(piece)) isFull = true;
    if (isFull) child?.pause();
  }

  function drained(): void {
    isFull = false;
    child?.resume();
  }

  /** Codex alone would find its stdout closed, and end in its own way (fact 123). */
  function hungUp(): void {
    isGone = true;
    child?.destroy();
  }

  return {
    attach(stdout, failed) {
      if (child !== undefined) filter.beginSuccessor();
      child = stdout;
      let isTold = false;
      stdout.on('error', () => undefined);
      stdout.on('data', (chunk: Buffer) => {
        hasRead = true;
        send(filter.feed(chunk));
        clearTimeout(lone);
        if (filter.holdsError()) lone = setTimeout(() => send(filter.passErrors()), LONE_ERROR_MS);
        if (isTold || !filter.hasFailed()) return;
        isTold = true;
        failed();
      });
      if (isGone) stdout.destroy();
      else if (isFull) stdout.pause();
    },
    async whenRead() {
      const stdout = child;
      if (stdout === undefined) return;
      await new Promise<void>((resolve) => {
        if (stdout.destroyed || stdout.readableEnded) return resolve();
        const timer = setInterval(() => {
          if (!hasRead && (!isFull || hurried.isGiven())) resolve();
          hasRead = false;
        }, QUIET_MS);
        stdout.once('close', resolve).once('end', resolve);
        stdout.once('close', () => clearInterval(timer));
      });
      clearTimeout(lone);
      stdout.destroy();
      send(filter.end());
    },
    holdsError: filter.holdsError,
    errorMessage: filter.errorMessage,
    release: () => send(filter.release()),
    async flush() {
      send(filter.release());
      if (client !== undefined && !isGone) await Promise.race([client.flush(), hurried.given]);
    },
    hurry: () => void setTimeout(hurried.give, HURRY_MS),
  };
}

/** Something that happens once. */
function createSignal(): { given: Promise<void>; isGiven(): boolean; give(): void } {
  let isGiven = false;
  let resolve = () => {};
  const given = new Promise<void>((done) => {
    resolve = done;
  });
  const give = () => {
    isGiven = true;
    resolve();
  };
  return { given, isGiven: () => isGiven, give };
}
