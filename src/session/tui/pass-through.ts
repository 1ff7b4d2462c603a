import type { Ending } from '../../handoff/states.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { SupervisedChild } from './supervised-child.ts';

/** What a session does about events from outside. */
export interface EventHandlers {
  input(chunk: Buffer): void;
  signalled(signal: NodeJS.Signals, number: number): void;
  hungUp(): void;
  /** The child has stopped (Ctrl-Z). */
  stopped(): void;
  /** The child goes on after `fg`, and so do we. */
  continued(): void;
  ended(ending: Ending): void;
}

export interface PassThrough {
  terminal: Pick<Terminal, 'write'>;
  child: Pick<SupervisedChild, 'deliver' | 'signal' | 'undoModes'>;
  suspend(): void;
  /** Flushes, restores the terminal and ends the session. */
  finish(ending: Ending): void;
}

/** A child that ignores a hang-up is killed after this long. */
const HANGUP_MS = 2000;

/**
 * After an error of ours the child lives on as if nothing stood between it and the terminal. Bytes pass both ways, and so
 * do signals, stops and the child's end. Nothing is observed, and no limit moves the session.
 */
export function passThrough({ terminal, child, suspend, finish }: PassThrough): EventHandlers {
  return {
    input: (chunk) => child.deliver(chunk),
    signalled: (signal) => child.signal(signal),
    hungUp() {
      child.signal('SIGHUP');
      setTimeout(() => child.signal('SIGKILL'), HANGUP_MS).unref();
    },
    stopped: suspend,
    continued: () => undefined,
    ended(ending) {
      terminal.write(child.undoModes('end'));
      finish(ending);
    },
  };
}
