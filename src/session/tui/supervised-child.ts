import type { Ending } from '../../handoff/states.ts';
import type { PtyChild, Size } from '../../pty/spawn.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { createOutputTaps, type OutputTaps, type Sign } from './output-taps.ts';

export interface ChildListeners {
  /** The child's process id. It is also the id of its process group. */
  started(pid: number): void;
  /** Its first frame is on the screen. */
  drawn(): void;
  sign(sign: Sign): void;
  stopped(): void;
  /** Once, after its last byte. */
  ended(ending: Ending): void;
}

export interface SupervisedChild extends Omit<OutputTaps, 'feed' | 'betweenFrames'> {
  readonly pid: number | undefined;
  /** Hands input to the child. While the child does not read, the terminal is not read either. */
  deliver(bytes: Buffer): void;
  /** The terminal takes output again. */
  drained(): void;
  resize(size: Size): void;
  signal(signal: NodeJS.Signals): void;
  continueJob(): void;
  redraw(): void;
  /** Writes to the terminal between two frames of the child. @param sequence makes what is written then. */
  interject(sequence: () => string): void;
}

export interface ChildOutput {
  /** The child before has left bracketed paste on. */
  hasPastes?: boolean;
  /** Writes a piece of the child's output to the terminal. @returns false when the terminal takes no more now. */
  pass(piece: Buffer): boolean;
  /** The same for output of ours. */
  write(text: string): void;
}

/** After this long without output no sequence is half written. */
const QUIET_MS = 50;

/**
 * Joins a child behind a pty and the user's terminal: bytes both ways with backpressure, and observers of its output.
 * @param spawn starts the process behind a pty of the terminal's size.
 */
export function superviseChild(
  terminal: Pick<Terminal, 'pauseInput' | 'resumeInput'>,
  spawn: () => PtyChild,
  listeners: ChildListeners,
  { hasPastes = false, pass, write }: ChildOutput,
): SupervisedChild {
  const child = spawn();
  const taps = createOutputTaps({ drawn: listeners.drawn, sign: listeners.sign }, hasPastes);
  let living = true;
  let unwritten: (() => string)[] = [];
  let quiet: NodeJS.Timeout | undefined;

  child.onOutput((piece) => {
    if (!pass(piece)) child.pauseOutput();
  });
  // The bytes go first: an observer may fail but never delay.
  child.afterOutput((bytes) => {
    taps.feed(bytes);
    if (unwritten.length > 0) writeBetweenFrames();
  });

  function writeBetweenFrames(): void {
    clearTimeout(quiet);
    if (taps.betweenFrames()) writeNow();
    // A sequence need not belong to a frame. But the bytes of one write(2) arrive together.
    else quiet = setTimeout(writeNow, QUIET_MS);
  }

  function writeNow(): void {
    const sequences = unwritten.map((make) => make());
    unwritten = [];
    write(sequences.join(''));
  }

  child.onDrain(() => terminal.resumeInput());
  child.onPid(listeners.started);
  child.onStopped(listeners.stopped);
  child.onEnd((status) => {
    living = false;
    clearTimeout(quiet);
    terminal.resumeInput();
    listeners.ended(status);
  });

  return {
    ...taps,
    get pid() {
      return child.pid;
    },
    deliver(bytes) {
      if (living && !child.write(bytes)) terminal.pauseInput();
    },
    drained: () => living && child.resumeOutput(),
    resize: (size) => living && child.resize(size),
    signal: (signal) => living && child.signal(signal),
    continueJob: () => living && child.continueJob(),
    redraw: () => living && child.redraw(),
    interject(sequence) {
      unwritten.push(sequence);
      writeBetweenFrames();
    },
  };
}
