import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { spawn } from 'node-pty';

export interface HeldPtyCommand {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  columns: number;
  rows: number;
}

export interface ExitResult {
  /** Exit status; 0 when it was killed by a signal. */
  status: number;
  /** Number of the signal it died of, else 0. */
  signal: number;
}

export interface HeldPty {
  readonly pid: number;
  onData(listener: (chunk: Buffer) => void): void;
  /** After the last byte of output was delivered. */
  onExit(listener: (result: ExitResult) => void): void;
  write(data: string | Buffer): void;
  resize(columns: number, rows: number): void;
  /** `stty -a` of the slave: now, or as it was when the program had ended. */
  stty(): string;
  /** Closes the master, as a closed terminal window does. */
  hangUp(): void;
}

/** The parts of node-pty that its types leave out. */
interface Internals {
  ptsName: string;
  _socket: { destroy(): unknown; destroyed: boolean };
}

/**
 * A program behind a pty whose slave we hold open: on Node 20 and 22 the end of the output of a program that exits
 * quickly is lost otherwise (pty fact 1).
 */
export function spawnHeldPty({ file, args, cwd, env, columns, rows }: HeldPtyCommand): HeldPty {
  const options = {
    cols: columns,
    rows,
    cwd,
    env,
    encoding: null,
    ...(env.TERM && { name: env.TERM }),
  };
  const pty = spawn(file, args, options);
  const { ptsName, _socket: socket } = pty as unknown as Internals;
  const slave = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY);
  let held = true;
  let sttyAtEnd: string | undefined;
  let chunks = 0;
  pty.onData(() => {
    chunks += 1;
  });

  // 200 ms after the program's exit node-pty destroys the socket, as nothing else closes it while the slave is held.
  const destroy = socket.destroy.bind(socket);
  const letGo = () => {
    if (!held) return;
    held = false;
    sttyAtEnd = readStty(ptsName);
    closeSync(slave);
    destroy();
  };
  socket.destroy = () => {
    whenQuiet(() => chunks, letGo);
    return socket;
  };

  return {
    pid: pty.pid,
    onData: (listener) => pty.onData((chunk) => listener(chunk as unknown as Buffer)),
    onExit: (listener) =>
      pty.onExit(({ exitCode, signal }) => listener({ status: exitCode, signal: signal ?? 0 })),
    write(data) {
      if (held) pty.write(data as string);
    },
    resize: (newColumns, newRows) => pty.resize(newColumns, newRows),
    stty: () => sttyAtEnd ?? readStty(ptsName),
    hangUp: letGo,
  };
}

/** Calls back once a whole turn of the event loop brought no more data. */
function whenQuiet(count: () => number, then: () => void): void {
  const before = count();
  setTimeout(() => setImmediate(() => (count() === before ? then() : whenQuiet(count, then))), 5);
}

function readStty(device: string): string {
  const flag = process.platform === 'darwin' ? '-f' : '-F';
  const { stdout, stderr, status } = spawnSync('stty', [flag, device, '-a'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`stty: ${stderr}`);
  return stdout;
}
