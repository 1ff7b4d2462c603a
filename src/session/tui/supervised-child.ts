import type { StartRefusal } from '../../codex/refusals.ts';
import type { Ending } from '../../handoff/states.ts';
import type { PtyChild, Size } from '../../pty/spawn.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { createOutputTaps, type Sign } from './output-taps.ts';

export interface ChildListeners {
  /** The child's own process id, which is its process group too. */
  started(pid: number): void;
  /** Its first frame is on the screen. */
  drawn(): void;
  sign(sign: Sign): void;
  stopped(): void;
  /** Once, after its last byte. */
  ended(ending: Ending): void;
}

export interface SupervisedChild {
  readonly pid: number | undefined;
  /** Hands input to the child. While the child does not read, the terminal is not read either. */
  deliver(bytes: Buffer): void;
  /** The terminal takes output again. */
  drained(): void;
  resize(size: Size): void;
  signal(signal: NodeJS.Signals): void;
  continueJob(): void;
  redraw(): void;
  /** Writes to the terminal between two frames of the child. */
  interject(sequence: string): void;
  /** The child has asked for bracketed paste. */
  takesPastes(): boolean;
  /** Since when a dialog has the keys, in milliseconds of `performance.now`. Undefined when the composer has them. */
  dialogSince(): number | undefined;
  /** Calls back when the text has been drawn, as the echo of keys that are typed now. */
  awaitEcho(text: string, seen: () => void): void;
  /** Calls back no more. */
  forgetEcho(): void;
  /** Why the child could not resume its thread, if its output tells. Asked before its first turn only. */
  refusal(): StartRefusal | undefined;
  /** The child may show its sign-in screen. Asked before its first thread only. */
  asksToSignIn(): boolean;
  /** The sequences that undo the terminal modes that the child has set. Before a successor bracketed paste stays on. */
  undoModes(before: 'successor' | 'end'): string;
}

/** A child that has written no byte for this long has no half sequence on the terminal. */
const QUIET_MS = 50;

/**
 * Joins a child behind a pty and the user's terminal: bytes both ways with backpressure, and taps on what it prints.
 * @param spawn starts the process behind a pty of the terminal's size.
 * @param hasPastes the child before has left bracketed paste on.
 */
export function superviseChild(
  terminal: Terminal,
  spawn: () => PtyChild,
  listeners: ChildListeners,
  hasPastes = false,
): SupervisedChild {
  const child = spawn();
  const taps = createOutputTaps({ drawn: listeners.drawn, sign: listeners.sign }, hasPastes);
  let living = true;
  let unwritten = '';
  let quiet: NodeJS.Timeout | undefined;

  child.onOutput((piece) => {
    if (!terminal.write(piece)) child.pauseOutput();
  });
  // The bytes go first: an observer may fail but never delay.
  child.afterOutput((bytes) => {
    taps.feed(bytes);
    if (unwritten !== '') writeBetweenFrames();
  });

  function writeBetweenFrames(): void {
    clearTimeout(quiet);
    if (taps.betweenFrames()) writeNow();
    // Not every sequence belongs to a frame. But bytes that are written in one go arrive in one go.
    else quiet = setTimeout(writeNow, QUIET_MS);
  }

  function writeNow(): void {
    terminal.write(unwritten);
    unwritten = '';
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
      unwritten += sequence;
      writeBetweenFrames();
    },
    takesPastes: taps.takesPastes,
    dialogSince: taps.dialogSince,
    awaitEcho: taps.awaitEcho,
    forgetEcho: taps.forgetEcho,
    refusal: taps.refusal,
    asksToSignIn: taps.asksToSignIn,
    undoModes: taps.undoModes,
  };
}
