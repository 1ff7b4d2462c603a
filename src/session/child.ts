import type { PtyChild, Size } from '../pty/spawn.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Ending } from './machine.ts';
import { createTaps, type Sign } from './taps.ts';

/** What one Codex process is started with. */
export interface ChildPlan {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

export interface ChildListeners {
  /** The child's own process id, which is its process group too. */
  started(pid: number): void;
  /** Its first frame is on the screen. */
  ready(): void;
  sign(sign: Sign): void;
  stopped(): void;
  /** Once, after its last byte; `refused` when the thread's writer lock was still held. */
  ended(ending: Ending, refusal: 'active-writer' | undefined): void;
}

export interface SupervisedChild {
  readonly pid: number | undefined;
  /** Hands over input; when the child does not read, the terminal is not read either. */
  deliver(bytes: Buffer): void;
  resize(size: Size): void;
  signal(signal: NodeJS.Signals): void;
  continueJob(): void;
  redraw(): void;
  /** The sequences that undo the terminal modes it has left set. */
  undoModes(): string;
}

/**
 * Joins a child behind a pty and the user's terminal: bytes both ways with backpressure, and taps on what it prints.
 * @param spawn starts the process behind a pty of the terminal's size.
 */
export function superviseChild(
  terminal: Terminal,
  spawn: () => PtyChild,
  listeners: ChildListeners,
): SupervisedChild {
  const child = spawn();
  const taps = createTaps({ ready: listeners.ready, sign: listeners.sign });
  let living = true;

  child.onOutput((chunk) => {
    // The bytes first, then the looking: an observer may fail but never delay (design 4).
    if (!terminal.write(chunk)) child.pauseOutput();
    taps.feed(chunk);
  });
  terminal.onDrain(() => {
    if (living) child.resumeOutput();
  });
  child.onDrain(() => terminal.resumeInput());
  child.onPid(listeners.started);
  child.onStopped(listeners.stopped);
  child.onEnd((status) => {
    living = false;
    terminal.resumeInput();
    listeners.ended(status, taps.refusal());
  });

  return {
    get pid() {
      return child.pid;
    },
    deliver(bytes) {
      if (living && !child.write(bytes)) terminal.pauseInput();
    },
    resize: (size) => living && child.resize(size),
    signal: (signal) => living && child.signal(signal),
    continueJob: () => living && child.continueJob(),
    redraw: () => living && child.redraw(),
    undoModes: taps.undoModes,
  };
}
