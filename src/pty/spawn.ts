import { accessSync, constants } from 'node:fs';
import { HotswapError } from '../errors.ts';
import { createDrain } from './drain.ts';
import { type ExitStatus, readShellStatus, readWaitStatus } from './exit-status.ts';
import { createHungStopWatch } from './hung-stop.ts';
import { loadNodePty, type NodePty } from './load-node-pty.ts';
import { createReadAhead } from './read-ahead.ts';
import { createReportReader, type Report } from './report.ts';
import { openSideChannel } from './side-channel.ts';
import { createPtyWriter } from './writer.ts';

export type { ExitStatus } from './exit-status.ts';

export interface Size {
  columns: number;
  rows: number;
}

export interface PtyCommand {
  file: string;
  args: string[];
  cwd: string;
  /** Its PWD is exported as it is (it may be a logical path), or not at all. */
  env: Record<string, string>;
  size: Size;
  /** Path of shim/monitor. */
  monitor: string;
  /** Private directory (0700) for the two fifos; one child at a time. */
  side: string;
  /** `stty -g` of the user's terminal, applied to the pty before the command starts. */
  termios?: string;
  /** Path to append the command's stderr to, when the user's stderr is not the terminal. */
  stderr?: string;
  /** The shell that runs the monitor; /bin/sh. */
  shell?: string;
}

export interface PtyChild {
  /** The command's own pid, which is its process group; undefined until the monitor has told it. */
  readonly pid: number | undefined;
  /** What it prints, piece by piece as it is read. A piece may be overwritten after the call: who keeps it copies it. */
  onOutput(listener: (piece: Buffer) => void): void;
  /** The same bytes, later and in larger pieces: for those who only look. They may be overwritten after the call, too. */
  afterOutput(listener: (bytes: Buffer) => void): void;
  onPid(listener: (pid: number) => void): void;
  /** The command has stopped (Ctrl-Z, SIGSTOP), and all it wrote before is delivered; it goes on with `continueJob`. */
  onStopped(listener: () => void): void;
  /** Exactly once, after the last byte of output was delivered. */
  onEnd(listener: (status: ExitStatus) => void): void;
  /** False: above the high water mark, wait for the drain. The bytes are taken in any case. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  pauseOutput(): void;
  resumeOutput(): void;
  resize(size: Size): void;
  /** To the command's process group, once there is one; a stopped command is continued to take it. */
  signal(signal: NodeJS.Signals): void;
  continueJob(): void;
  /** A repaint: SIGWINCH, which a resize to the same size does not send. */
  redraw(): void;
}

/** How long a command whose monitor was killed has between SIGHUP (sent by the kernel) and SIGKILL. */
const ORPHAN_GRACE_MS = 500;
const CONTINUE_RETRY_MS = 20;
/** The monitor's end is known before its last report is read. (An immediate: see drain.ts.) */
const LAST_WORDS_MS = 200;

/**
 * Makes sure that a pty can be had: the native binary loads, the monitor is there.
 * Throws `HotswapError('pty-unavailable')`.
 */
export function checkPty(monitor: string): void {
  loadNodePty();
  try {
    accessSync(monitor, constants.R_OK);
  } catch {
    throw new HotswapError('pty-unavailable', `${monitor} is gone`, 'install codex-hotswap again');
  }
}

/**
 * Starts the command behind a pty of its own, under the monitor, in its own process group in the foreground.
 * Throws `HotswapError('pty-unavailable')`.
 */
export function spawnPty(command: PtyCommand): PtyChild {
  // Not node:crypto, which takes 4 ms to load on the way to the first frame.
  const nonce = randomWord() + randomWord();
  const channel = openSideChannel(command.side);
  const pty = startMonitor(command, nonce, () => channel.close());
  const writer = createPtyWriter(pty.fd);
  const readAhead = createReadAhead(pty.fd);
  const drain = createDrain(pty.ptsName, { deliver, onEnd: finish });
  const hungStop = createHungStopWatch(() => (isStopped || status !== undefined ? undefined : pid));

  const on = {
    output: [] as ((piece: Buffer) => void)[],
    after: [] as ((bytes: Buffer) => void)[],
    pid: [] as ((pid: number) => void)[],
    stopped: [] as (() => void)[],
    end: [] as ((status: ExitStatus) => void)[],
  };
  const early: NodeJS.Signals[] = [];
  let pid: number | undefined;
  let status: ExitStatus | undefined;
  let isStopped = false;
  let isPaused = false;
  let stops = 0;
  let isNarrated = false;
  let hasEnded = false;
  let lastWords: NodeJS.Timeout | undefined;

  pty.onData((chunk) => {
    if (drain.isSearching()) drain.feed(chunk);
    else look(readAhead.readOn(chunk, pass));
  }, readAhead.block);
  pty.onExit(({ exitCode, signal }) => {
    lastWords = setTimeout(() => setImmediate(endMonitor), LAST_WORDS_MS);
    function endMonitor(): void {
      if (status === undefined) void buryOrphan(readWaitStatus(exitCode, signal));
    }
  });
  channel.onData(createReportReader(nonce, take));

  function take(report: Report): void {
    switch (report.kind) {
      case 'pid':
        pid = report.pid;
        for (const signal of early.splice(0)) send(signal);
        for (const listener of on.pid) listener(pid);
        return;
      case 'narrated':
        isNarrated = true;
        return;
      case 'stopped':
        isStopped = true;
        stops += 1;
        isNarrated = false;
        // Its last words (Codex leaves the alternate screen) belong on the terminal before the shell's prompt.
        drain.pause(() => {
          for (const listener of on.stopped) listener();
        });
        return;
      case 'continued':
        isStopped = false;
        return;
      case 'exited':
        status = readShellStatus(report.code, {
          narrated: isNarrated,
          interrupted: report.interrupted,
          stopped: stops > 0,
        });
        isStopped = false;
        // It can be paused no more: what is left is taken into memory, before the last words are over.
        isPaused = false;
        pty.resume();
        drain.start();
    }
  }

  function deliver(chunk: Buffer): void {
    pass(chunk);
    look(chunk);
  }

  /** Returns whether more is wanted now. */
  function pass(piece: Buffer): boolean {
    for (const listener of on.output) listener(piece);
    return !isPaused;
  }

  function look(bytes: Buffer): void {
    for (const listener of on.after) listener(bytes);
  }

  /** The monitor was killed: the kernel has hung up the command's group, and if that is not enough, we kill it. */
  async function buryOrphan(monitorStatus: ExitStatus): Promise<void> {
    status = monitorStatus;
    if (pid !== undefined) await killGroup(pid, ORPHAN_GRACE_MS);
    drain.end();
  }

  function finish(): void {
    if (hasEnded || status === undefined) return;
    hasEnded = true;
    // In this order: the fd's number may be someone else's as soon as node-pty has closed it.
    clearTimeout(lastWords);
    hungStop.close();
    writer.close();
    channel.close();
    pty.destroy();
    for (const listener of on.end) listener(status);
  }

  function send(signal: NodeJS.Signals): void {
    if (status !== undefined) return; // the group is gone, and its number may come back as another's
    if (pid === undefined) early.push(signal);
    else killQuietly(-pid, signal);
  }

  function continueJob(): void {
    if (isStopped) wakeMonitor(stops);
  }

  /**
   * The monitor reports the stop just before it stops itself: a SIGCONT in between is lost, so we say it until it answers,
   * but only for the stop that it was meant for.
   */
  function wakeMonitor(stop: number): void {
    if (!isStopped || stop !== stops || status !== undefined) return;
    killQuietly(pty.pid, 'SIGCONT');
    setTimeout(wakeMonitor, CONTINUE_RETRY_MS, stop);
  }

  return {
    get pid() {
      return pid;
    },
    onOutput: (listener) => void on.output.push(listener),
    afterOutput: (listener) => void on.after.push(listener),
    onPid: (listener) => void on.pid.push(listener),
    onStopped: (listener) => void on.stopped.push(listener),
    onEnd: (listener) => void on.end.push(listener),
    write(data) {
      hungStop.restart();
      return writer.write(data);
    },
    onDrain: (listener) => writer.onDrain(listener),
    pauseOutput() {
      if (status !== undefined) return;
      isPaused = true;
      pty.pause();
    },
    resumeOutput() {
      isPaused = false;
      if (!hasEnded) pty.resume();
    },
    resize({ columns, rows }) {
      if (status !== undefined || columns < 1 || rows < 1) return;
      try {
        pty.resize(columns, rows);
      } catch {
        // EBADF: it has just ended.
      }
    },
    signal(signal) {
      if (signal !== 'SIGCONT' || !isStopped) send(signal);
      continueJob(); // a stopped process acts on nothing but SIGKILL and SIGCONT
    },
    continueJob,
    redraw: () => send('SIGWINCH'),
  };
}

/** 8 hexadecimal digits. */
function randomWord(): string {
  const word = Math.floor(Math.random() * 2 ** 32).toString(16);
  return word.padStart(8, '0');
}

function startMonitor(command: PtyCommand, nonce: string, onFailure: () => void): NodePty {
  const { file, args, cwd, env, size, monitor, side, termios = '', stderr = '' } = command;
  try {
    return loadNodePty()(
      command.shell ?? '/bin/sh',
      ['-m', monitor, side, nonce, termios, stderr, env.PWD ?? '', file, ...args],
      { cwd, env, cols: size.columns, rows: size.rows },
    );
  } catch (error) {
    onFailure();
    if (error instanceof HotswapError) throw error;
    throw new HotswapError(
      'pty-unavailable',
      `no pty could be opened: ${(error as Error).message}`,
      'close some terminals and try again',
      { cause: error },
    );
  }
}

/** Waits until the group is gone, and kills it after the grace. */
async function killGroup(group: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  let isKilled = false;
  while (killQuietly(-group, 0)) {
    if (!isKilled && performance.now() > deadline) {
      killQuietly(-group, 'SIGKILL');
      isKilled = true;
    }
    // Zombies count as alive until init reaps them; a second after SIGKILL nothing more can be done.
    if (performance.now() > deadline + 1000) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** False when there is no such process. */
function killQuietly(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
