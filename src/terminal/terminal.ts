import { createAbsence } from './absence.ts';
import { isInForeground, isJobOrphaned } from './job.ts';
import { createTerminalOutput, type TerminalOutput } from './output.ts';
import { readTermios, restoreTermios, setRaw } from './stty.ts';
import { readSize, type Size } from './tty-facts.ts';

export type { Size } from './tty-facts.ts';

export interface Terminal {
  /** `stty -g` at our start. It is read again after a suspension, because the user may have changed it. */
  readonly termios: string;
  size(): Size;
  onResize(listener: (size: Size) => void): void;
  enterRaw(): void;
  /** Idempotent, and harmless in the background. */
  restore(): void;
  /** Takes all the bytes. @returns false when the terminal takes no more now: then wait for the drain. */
  write(chunk: Buffer | string): boolean;
  onDrain(listener: () => void): void;
  /**
   * Resolves when the terminal has taken everything, or is gone. While the terminal is stalled it does not, so give it a
   * deadline.
   */
  flush(): Promise<void>;
  onInput(listener: (chunk: Buffer) => void): void;
  pauseInput(): void;
  resumeInput(): void;
  /** The terminal was closed. */
  onHangup(listener: () => void): void;
  /**
   * Restores the terminal, and stops the whole job as Ctrl-Z does. Resolves when the job is in the foreground again and the
   * terminal is raw. Resolves at once when no process could continue us: the kernel also ignores Ctrl-Z then.
   */
  suspendJob(): Promise<void>;
  /** A signal has come that should end us. In the background we go on until that is done, and are not stopped again. */
  expectEnd(): void;
  /** The shell has the terminal: our job was stopped, or is in the background. What we write waits. */
  isAway(): boolean;
}

/** Captures the terminal on stdin and stdout, without changing it. Throws `HotswapError` when stdin is no terminal. */
export function openTerminal(): Terminal {
  const on = { drained: () => {}, hungUp: () => {} };
  const absence = createAbsence();
  let termios = readTermios();
  let isRaw = false;
  let wantsInput = false;
  /** What was written while the shell had the terminal. */
  let held: (Buffer | string)[] = [];
  let output: TerminalOutput | undefined;

  /** Made at the first use: Node takes 4 ms to make stdin and stdout, and the child starts meanwhile. */
  function attach(): TerminalOutput {
    output ??= attachTo(process, on, () => {
      if (absence.isAway()) absence.continued();
      // A process that stopped us may have changed the modes of the terminal.
      else if (isRaw) enterRaw();
      refreshSize();
    });
    return output;
  }

  function enterRaw(): void {
    isRaw = true;
    if (isInForeground()) setRaw();
    else void leaveToShell(undefined).then(comeBack);
  }

  function restore(): void {
    if (!isRaw) return;
    isRaw = false;
    // In the background the terminal belongs to another job, and a change of it would stop us.
    if (!absence.isAway() && isInForeground()) restoreTermios(termios);
  }

  /** Resolves when our job has the terminal again. */
  async function leaveToShell(stop: 'SIGTSTP' | undefined): Promise<void> {
    const away = absence.stayAway(stop);
    flowInput();
    await away;
  }

  function comeBack(): void {
    enterRaw();
    if (absence.isAway()) return; // in the background again
    refreshSize();
    flowInput();
    const pieces = held;
    held = [];
    for (const piece of pieces) attach().write(piece);
    if (pieces.length > 0) on.drained();
  }

  async function suspendJob(): Promise<void> {
    restore();
    if (!isJobOrphaned()) {
      await leaveToShell('SIGTSTP');
      termios = readTermios();
    }
    comeBack();
  }

  /** A read in the background would stop the job (SIGTTIN). */
  function flowInput(): void {
    if (wantsInput && !absence.isAway()) process.stdin.resume();
    else process.stdin.pause();
  }

  function size(): Size {
    if (output === undefined) return readSize();
    return { columns: process.stdout.columns, rows: process.stdout.rows };
  }

  return {
    get termios() {
      return termios;
    },
    size,
    onResize(listener) {
      attach();
      process.stdout.on('resize', () => listener(size()));
    },
    enterRaw,
    restore() {
      absence.over();
      restore();
    },
    write(chunk) {
      if (!absence.isAway()) return attach().write(chunk);
      held.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk));
      return false;
    },
    onDrain(listener) {
      on.drained = listener;
    },
    flush: () => (absence.isAway() ? Promise.resolve() : attach().flush()),
    onInput(listener) {
      attach();
      wantsInput = true;
      // A list that was shown before leaves stdin paused. A listener alone does not resume it.
      process.stdin.on('data', listener);
      flowInput();
    },
    pauseInput() {
      wantsInput = false;
      flowInput();
    },
    resumeInput() {
      wantsInput = true;
      flowInput();
    },
    onHangup(listener) {
      on.hungUp = listener;
    },
    suspendJob,
    expectEnd: absence.expectEnd,
    isAway: absence.isAway,
  };
}

/** @param on its `hungUp` is called once. */
function attachTo(
  { stdin, stdout }: Pick<NodeJS.Process, 'stdin' | 'stdout'>,
  on: { drained(): void; hungUp(): void },
  continued: () => void,
): TerminalOutput {
  let isHungUp = false;
  const hangUp = () => {
    if (isHungUp) return;
    isHungUp = true;
    on.hungUp();
  };
  const output = createTerminalOutput(stdout, { drained: () => on.drained(), hungUp: hangUp });
  // Without these a closed terminal is an uncaught exception (EIO, EPIPE).
  stdin.on('error', hangUp);
  stdin.on('end', hangUp);
  process.on('SIGCONT', continued);
  return output;
}

/** Node learns a new size from SIGWINCH only. While we were stopped, only the foreground job got that signal. */
function refreshSize(): void {
  (process.stdout as { _refreshSize?: () => void })._refreshSize?.();
}
