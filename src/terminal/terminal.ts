import { isInForeground, isJobOrphaned } from './job.ts';
import { createTerminalOutput, type TerminalOutput } from './output.ts';
import { readTermios, restoreTermios, setRaw } from './stty.ts';
import { readSize, type Size } from './tty-facts.ts';

export type { Size } from './tty-facts.ts';

export interface Terminal {
  /** `stty -g`, as we found it; read again after a suspension, in which the user may have changed it. */
  readonly termios: string;
  size(): Size;
  onResize(listener: (size: Size) => void): void;
  enterRaw(): void;
  /** Idempotent, and harmless in the background. */
  restore(): void;
  /** False: the terminal takes no more now, wait for the drain. The bytes are taken in any case. */
  write(chunk: Buffer | string): boolean;
  onDrain(listener: () => void): void;
  /** Resolves when the terminal has taken everything, or is gone: race it with a deadline, it may be stalled. */
  flush(): Promise<void>;
  onInput(listener: (chunk: Buffer) => void): void;
  pauseInput(): void;
  resumeInput(): void;
  /** The terminal was closed. */
  onHangup(listener: () => void): void;
  /**
   * Restores the terminal, stops the whole job as Ctrl-Z would, and resolves when it is in the foreground again and the
   * terminal raw. At once when nobody could continue us, as the kernel itself ignores Ctrl-Z then.
   */
  suspendJob(): Promise<void>;
}

/** Captures the terminal on stdin and stdout, without changing it. Throws `HotswapError` when stdin is no terminal. */
export function openTerminal(): Terminal {
  const hangup = createHangup();
  let termios = readTermios();
  let isRaw = false;
  let resume: (() => void) | undefined;
  let output: TerminalOutput | undefined;

  /** Made at the first use: Node takes 4 ms to make stdin and stdout, in which the child starts already. */
  function attach(): TerminalOutput {
    output ??= attachTo(process, hangup.report, () => {
      if (resume !== undefined) resume();
      // The process that stopped us may have changed the modes of the terminal.
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
    // In the background the terminal is someone else's, and touching it would stop us.
    if (isInForeground()) restoreTermios(termios);
  }

  async function suspendJob(): Promise<void> {
    restore();
    if (!isJobOrphaned()) {
      const continued = new Promise<void>((resolve) => {
        resume = resolve;
      });
      // To the whole group: we may be in a pipeline or under a script. No listener: the default action stops us here.
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
    onDrain: (listener) => attach().onDrain(listener),
    flush: () => attach().flush(),
    onInput(listener) {
      attach();
      // A list that was shown before has left stdin paused, and then a listener alone does not make it flow.
      process.stdin.on('data', listener).resume();
    },
    pauseInput: () => void process.stdin.pause(),
    resumeInput: () => void process.stdin.resume(),
    onHangup: hangup.onHangup,
    suspendJob,
  };
}

/** A closed terminal is told once. */
function createHangup() {
  const listeners: (() => void)[] = [];
  let isReported = false;
  return {
    onHangup: (listener: () => void) => void listeners.push(listener),
    report() {
      if (isReported) return;
      isReported = true;
      for (const listener of listeners) listener();
    },
  };
}

function attachTo(
  { stdin, stdout }: Pick<NodeJS.Process, 'stdin' | 'stdout'>,
  hangUp: () => void,
  continued: () => void,
): TerminalOutput {
  const output = createTerminalOutput(stdout);
  // Without these a closed terminal is an uncaught exception (EIO, EPIPE).
  stdin.on('error', hangUp);
  stdin.on('end', hangUp);
  output.onHangup(hangUp);
  process.on('SIGCONT', continued);
  return output;
}

/** Node learns of a new size by SIGWINCH only, which went to others while we were stopped. */
function refreshSize(): void {
  (process.stdout as { _refreshSize?: () => void })._refreshSize?.();
}
