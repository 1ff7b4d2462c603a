import { spawnSync } from 'node:child_process';
import { createDrain } from '../../src/pty/drain.ts';
import { type ExitStatus, readWaitStatus } from '../../src/pty/exit-status.ts';
import { loadNodePty } from '../../src/pty/load-node-pty.ts';
import { createPtyWriter } from '../../src/pty/writer.ts';

export interface Outer {
  readonly pid: number;
  readonly tty: string;
  /** Everything that has come out so far. */
  output(): Buffer;
  /** Resolves as soon as the output holds this (after `from`), to the offset after it; rejects when the program ends first. */
  waitFor(text: string | RegExp, from?: number): Promise<number>;
  type(data: string | Buffer): void;
  /** A terminal that takes nothing, or takes it again. */
  stall(): void;
  unstall(): void;
  resize(columns: number, rows: number): void;
  /** `stty -a` of the terminal, after the end too. */
  stty(): string;
  /** How the program ended, and after all its output has arrived. */
  readonly ended: Promise<ExitStatus>;
  /** Kills what still runs. */
  close(): void;
}

/** The user's terminal: a pty with a program in it, whose slave we hold open, or we would lose what we test for. */
export function openOuter(command: {
  file: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  columns?: number;
  rows?: number;
}): Outer {
  const { file, args, cwd = process.cwd(), columns = 80, rows = 24 } = command;
  const env = {
    ...(process.env as Record<string, string>),
    TERM: 'xterm-256color',
    ...command.env,
  };
  const pty = loadNodePty()(file, args, { cwd, env, cols: columns, rows });
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  let status: ExitStatus | undefined;
  let hasEnded = false;
  let finalStty = '';
  let resolve: (status: ExitStatus) => void = () => {};
  const ended = new Promise<ExitStatus>((settle) => {
    resolve = settle;
  });

  const writer = createPtyWriter(pty.fd);
  const drain = createDrain(pty.ptsName, {
    deliver(chunk) {
      chunks.push(Buffer.from(chunk));
      for (const check of waiting) check();
    },
    onEnd: finish,
  });
  pty.onData((chunk) => drain.feed(chunk), Buffer.alloc(64 * 1024));
  pty.onExit(({ exitCode, signal }) => {
    status = readWaitStatus(exitCode, signal);
    drain.start();
  });

  function finish(): void {
    if (!hasEnded) {
      hasEnded = true;
      finalStty = readStty(pty.ptsName);
      writer.close();
      pty.destroy();
    }
    if (status === undefined) return;
    resolve(status);
    for (const check of waiting) check();
  }

  return {
    pid: pty.pid,
    tty: pty.ptsName,
    output: () => Buffer.concat(chunks),
    waitFor(text, from = 0) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const seen = Buffer.concat(chunks).toString('latin1').slice(from);
          const at = typeof text === 'string' ? seen.indexOf(text) : seen.search(text);
          if (at < 0 && status === undefined) return;
          waiting.delete(check);
          const length =
            typeof text === 'string' ? text.length : (text.exec(seen)?.[0].length ?? 0);
          if (at >= 0) resolve(from + at + length);
          else reject(new Error(`ended without ${text}: ${JSON.stringify(seen)}`));
        };
        waiting.add(check);
        check();
      });
    },
    type: (data) => void writer.write(Buffer.from(data)),
    stall: () => pty.pause(),
    unstall: () => pty.resume(),
    resize: (columns, rows) => pty.resize(columns, rows),
    stty: () => (hasEnded ? finalStty : readStty(pty.ptsName)),
    ended,
    close() {
      if (status === undefined) process.kill(pty.pid, 'SIGKILL');
    },
  };
}

function readStty(tty: string): string {
  const flag = process.platform === 'linux' ? '-F' : '-f';
  return spawnSync('stty', ['-a', flag, tty]).stdout.toString();
}
