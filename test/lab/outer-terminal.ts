import { keepForFailure } from './artefacts.ts';
import { type Cell, createEmulator, type Emulator } from './emulator.ts';
import { type ExitResult, spawnHeldPty } from './held-pty.ts';
import { encodeKey } from './keys.ts';

export interface OuterTerminalOptions {
  file: string;
  args?: string[];
  env: Record<string, string>;
  cwd: string;
  /** Default 80 × 24. */
  columns?: number;
  rows?: number;
  /** Speak the kitty keyboard protocol, as kitty, Ghostty and others do. Default false. */
  kitty?: boolean;
  /** Answer when a program asks for its colours. Default true. */
  tellsColours?: boolean;
}

/** A user's terminal with a program in it: a real pty and a terminal emulator that answers queries. */
export interface OuterTerminal {
  readonly pid: number;
  /** Sends text as typed. */
  type(text: string): void;
  /** Sends keys: `enter`, `escape`, `up`, `ctrl-c`, `ctrl-z`, … (see keys.ts). */
  press(...keys: string[]): void;
  /** Sends text as pasted: bracketed when the program asked for it. */
  paste(text: string): void;
  /** Puts a prompt into Codex's composer, waits until it is seen there, and presses Enter. */
  submit(prompt: string): Promise<void>;
  /** Sends bytes as they are. */
  send(bytes: Buffer): void;
  /** The rows on screen, right-trimmed. */
  screen(): string[];
  /** Everything in the normal buffer, what has scrolled away included. */
  scrollback(): string[];
  /** The screen cell by cell, for exact comparison. */
  cells(): Cell[][];
  cursor(): { x: number; y: number };
  modes(): ReturnType<Emulator['modes']> & { kittyFlags: number };
  title(): string;
  /** Every byte the program wrote so far. */
  raw(): Buffer;
  /** Resolves as soon as the screen shows it; rejects, with the screen, after `timeoutMs` (default 15 s) or at exit. */
  waitForText(wanted: string | RegExp, options?: WaitOptions): Promise<void>;
  /** The same for any condition, looked at after every output. */
  waitUntil(holds: () => boolean, wanted: string, options?: WaitOptions): Promise<void>;
  /** Resolves after the last output of the ended program is on screen. */
  waitForExit(options?: WaitOptions): Promise<ExitResult>;
  resize(columns: number, rows: number): void;
  signal(signal: NodeJS.Signals): void;
  /** `stty -a` of the terminal, now or at the program's end. */
  stty(): string;
  /** Closes the window: the program gets SIGHUP. */
  hangUp(): void;
  /** Kills the program if it still runs, waits for its end, frees everything. */
  dispose(): Promise<void>;
}

export interface WaitOptions {
  timeoutMs?: number;
  /** Look at the scrollback too, not only the screen. Default false. */
  scrollback?: boolean;
}

export function openOuterTerminal(options: OuterTerminalOptions): OuterTerminal {
  const { file, args = [], env, cwd, columns = 80, rows = 24, ...looks } = options;
  const emulator = createEmulator({ columns, rows, ...looks });
  const pty = spawnHeldPty({ file, args, env, cwd, columns, rows });
  const output: Buffer[] = [];
  const watchers = new Set<() => void>();
  let parsed: Promise<void> = Promise.resolve();
  let result: ExitResult | undefined;

  const look = () => {
    for (const watch of [...watchers]) watch();
  };
  emulator.onReply((reply) => pty.write(Buffer.from(reply, 'latin1')));
  pty.onData((chunk) => {
    output.push(chunk);
    parsed = emulator.feed(chunk).then(look);
  });
  pty.onExit(async (ended) => {
    await parsed;
    result = ended;
    look();
  });

  const show = () => {
    const frame = '-'.repeat(20);
    const end = result === undefined ? 'running' : JSON.stringify(result);
    return `${frame} screen (${end})\n${emulator.screen().join('\n').trimEnd()}\n${frame}`;
  };
  const waitUntil: OuterTerminal['waitUntil'] = (holds, wanted, { timeoutMs = 15_000 } = {}) =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        watchers.delete(watch);
        act();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${why} while waiting for ${wanted}\n${show()}`)));
      const watch = () => {
        if (holds()) settle(resolve);
        else if (result !== undefined) fail('the program ended');
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      watchers.add(watch);
      watch();
    });
  const waitForText: OuterTerminal['waitForText'] = (wanted, waitOptions = {}) => {
    const seen = () => {
      const lines = waitOptions.scrollback === true ? emulator.scrollback() : emulator.screen();
      const text = lines.join('\n');
      return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    };
    return waitUntil(seen, String(wanted), waitOptions);
  };
  const freeze = keepForFailure(
    'screen.txt',
    () => `${show()}\n${emulator.scrollback().join('\n')}\n`,
  );
  const paste = (text: string) =>
    pty.write(Buffer.from(emulator.modes().bracketedPaste ? `\x1b[200~${text}\x1b[201~` : text));
  const press = (...keys: string[]) => {
    for (const key of keys) pty.write(Buffer.from(encodeKey(key, emulator.keyModes())));
  };
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(pty.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const waitForExit: OuterTerminal['waitForExit'] = async (waitOptions) => {
    await waitUntil(() => result !== undefined, 'the end of the program', waitOptions);
    return result as ExitResult;
  };

  return {
    pid: pty.pid,
    type: (text) => pty.write(Buffer.from(text)),
    press,
    paste,
    async submit(prompt) {
      // Pasted: Codex takes keys that come this fast for a paste, and the Enter after them for a line break.
      paste(prompt);
      await waitForText(prompt);
      press('enter');
    },
    send: (bytes) => pty.write(bytes),
    screen: emulator.screen,
    scrollback: emulator.scrollback,
    cells: emulator.cells,
    cursor: emulator.cursor,
    modes: () => ({ ...emulator.modes(), kittyFlags: emulator.keyModes().kittyFlags }),
    title: emulator.title,
    raw: () => Buffer.concat(output),
    waitForText,
    waitUntil,
    waitForExit,
    resize(newColumns, newRows) {
      emulator.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    signal,
    stty: pty.stty,
    hangUp: pty.hangUp,
    async dispose() {
      freeze();
      if (result === undefined) {
        signal('SIGKILL');
        await waitForExit();
      }
      emulator.dispose();
    },
  };
}
