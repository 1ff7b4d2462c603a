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
}

/** Captures the terminal on stdin and stdout, without changing it. Throws `HotswapError` when stdin is no terminal. */
export function openTerminal(): Terminal {
  const on = { drained: () => {}, hungUp: () => {} };
  let termios = readTermios();
  let isRaw = false;
  let resume: (() => void) | undefined;
  let output: TerminalOutput | undefined;

  /** Made at the first use: Node takes 4 ms to make stdin and stdout, and the child starts meanwhile. */
  function attach(): TerminalOutput {
    output ??= attachTo(process, on, () => {
      if (resume !== undefined) resume();
      // A process that stopped us may have changed the modes of the terminal.
      else if (isRaw) setRaw();
      refreshSize();
    });
    return output;
  }

  function enterRaw(): void {
    isRaw = true;
    setRaw();
  }

  function restore(): void {
    if (!isRaw) return;
    isRaw = false;
    // In the background the terminal belongs to another job, and a change of it would stop us.
    if (isInForeground()) restoreTermios(termios);
  }

  async function suspendJob(): Promise<void> {
    restore();
    if (!isJobOrphaned()) {
      const continued = new Promise<void>((resolve) => {
        resume = resolve;
      });
      // The signal goes to the whole group, as we may be part of a pipeline or a script. We have no listener, so it stops us.
      process.kill(0, 'SIGTSTP');
      await continued;
      resume = undefined;
      termios = readTermios();
    }
    enterRaw();
    refreshSize();
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
    restore,
    write: (chunk) => attach().write(chunk),
    onDrain(listener) {
      on.drained = listener;
    },
    flush: () => attach().flush(),
    onInput(listener) {
      attach();
      // A list that was shown before leaves stdin paused. A listener alone does not resume it.
      process.stdin.on('data', listener).resume();
    },
    pauseInput: () => void process.stdin.pause(),
    resumeInput: () => void process.stdin.resume(),
    onHangup(listener) {
      on.hungUp = listener;
    },
    suspendJob,
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
