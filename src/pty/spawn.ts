import { accessSync, constants } from 'node:fs';
import { HotswapError } from '../errors.ts';
import { createDrain } from './drain.ts';
import { type ExitStatus, readShellStatus, readWaitStatus } from './exit-status.ts';
import { createHungStopWatch } from './hung-stop.ts';
import { loadNodePty, type NodePty } from './load-node-pty.ts';
import { createMonitorJob, type MonitorJob } from './monitor-job.ts';
import { createProcessGroup, killGroup, type ProcessGroup } from './process-group.ts';
import { createReadAhead } from './read-ahead.ts';
import { createReportReader } from './report.ts';
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
  /** The output, piece by piece as it is read. The next read may overwrite a piece: copy it to keep it. */
  onOutput(listener: (piece: Buffer) => void): void;
  /** The same bytes, later and in larger pieces, for observers. The next read may overwrite these, too. */
  afterOutput(listener: (bytes: Buffer) => void): void;
  onPid(listener: (pid: number) => void): void;
  /** The command has stopped (Ctrl-Z, SIGSTOP), and all it wrote before is delivered; it goes on with `continueJob`. */
  onStopped(listener: () => void): void;
  /** Exactly once, after the last byte of output was delivered. */
  onEnd(listener: (status: ExitStatus) => void): void;
  /** Takes all the bytes. @returns false when many are waiting: then wait for the drain. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  pauseOutput(): void;
  resumeOutput(): void;
  resize(size: Size): void;
  /** Sends it to the command's process group, as soon as that is known. A stopped command is continued for it. */
  signal(signal: NodeJS.Signals): void;
  continueJob(): void;
  /** A repaint: SIGWINCH, which a resize to the same size does not send. */
  redraw(): void;
}

/** How long a command whose monitor was killed has between SIGHUP (sent by the kernel) and SIGKILL. */
const ORPHAN_GRACE_MS = 500;
/** The end of the monitor may be known before its last report is read. The report gets this long. */
const LAST_WORDS_MS = 200;

/**
 * Makes sure that a pty can be opened: the native binary loads, and the monitor is there.
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
  const on = createListeners();
  const flow = createOutputFlow(pty, on.output.tell);
  let status: ExitStatus | undefined;
  let hasEnded = false;
  let monitorEnd: NodeJS.Timeout | undefined;

  const group = createProcessGroup(() => status !== undefined);
  const job = createMonitorJob(pty.pid);
  const writer = createPtyWriter(pty.fd);
  const readAhead = createReadAhead(pty.fd);
  const drain = createDrain(pty.ptsName, { deliver: on.tellOutput, onEnd: finish });
  const hungStop = createHungStopWatch(() =>
    job.isStopped() || status !== undefined ? undefined : group.pid(),
  );

  pty.onData((chunk) => {
    if (drain.isSearching()) drain.feed(chunk);
    else on.after.tell(readAhead.readOn(chunk, flow.pass));
  }, readAhead.block);
  pty.onExit(({ exitCode, signal }) => {
    monitorEnd = setTimeout(() => setImmediate(buryOrphan, exitCode, signal), LAST_WORDS_MS);
  });
  channel.onData(
    followMonitor(nonce, { group, job, drain, on }, (exit) => {
      status = exit;
      // The pty must not be paused any more: the rest of the output is read into memory, before the drain gives up.
      flow.resume();
      drain.start();
    }),
  );

  /** The monitor was killed: the kernel has hung up the command's group, and if that is not enough, we kill it. */
  async function buryOrphan(exitCode: number, signal: number | undefined): Promise<void> {
    if (status !== undefined) return;
    status = readWaitStatus(exitCode, signal);
    job.noteContinuation();
    const pid = group.pid();
    if (pid !== undefined) await killGroup(pid, ORPHAN_GRACE_MS);
    drain.end();
  }

  function finish(): void {
    if (hasEnded || status === undefined) return;
    hasEnded = true;
    clearTimeout(monitorEnd);
    // In this order: when node-pty has closed the fd, its number may belong to another file.
    for (const part of [hungStop, writer, channel]) part.close();
    pty.destroy();
    on.end.tell(status);
  }

  return {
    get pid() {
      return group.pid();
    },
    ...{ onOutput: on.output.add, afterOutput: on.after.add, onPid: on.pid.add },
    ...{ onStopped: on.stopped.add, onEnd: on.end.add },
    write(data) {
      hungStop.restart();
      return writer.write(data);
    },
    onDrain: (listener) => writer.onDrain(listener),
    pauseOutput: () => status === undefined && flow.pause(),
    resumeOutput: () => !hasEnded && flow.resume(),
    resize: (size) => status === undefined && resizePty(pty, size),
    signal(signal) {
      if (signal !== 'SIGCONT' || !job.isStopped()) group.send(signal);
      job.resume(); // a stopped process acts on nothing but SIGKILL and SIGCONT
    },
    continueJob: job.resume,
    redraw: () => group.send('SIGWINCH'),
  };
}

interface Parts {
  group: ProcessGroup;
  job: MonitorJob;
  drain: ReturnType<typeof createDrain>;
  on: ReturnType<typeof createListeners>;
}

/** Reads the monitor's reports. @param exited gets the status of the command. */
function followMonitor(
  nonce: string,
  { group, job, drain, on }: Parts,
  exited: (status: ExitStatus) => void,
): (chunk: Buffer) => void {
  let isNarrated = false;
  return createReportReader(nonce, (report) => {
    switch (report.kind) {
      case 'pid':
        group.begin(report.pid);
        return on.pid.tell(report.pid);
      case 'narrated':
        isNarrated = true;
        return;
      case 'stopped':
        job.noteStop();
        isNarrated = false;
        // Output from before the stop (Codex leaves the alternate screen) comes before the shell's prompt.
        return drain.pause(() => on.stopped.tell());
      case 'continued':
        return job.noteContinuation();
      case 'exited': {
        const { code, interrupted } = report;
        const facts = { narrated: isNarrated, interrupted, stopped: job.wasStopped() };
        job.noteContinuation();
        return exited(readShellStatus(code, facts));
      }
    }
  });
}

/** @param tell gets each piece of the output. */
function createOutputFlow(pty: NodePty, tell: (piece: Buffer) => void) {
  let isPaused = false;
  return {
    /** Returns whether more is wanted now. */
    pass(piece: Buffer): boolean {
      tell(piece);
      return !isPaused;
    },
    pause() {
      isPaused = true;
      pty.pause();
    },
    resume() {
      isPaused = false;
      pty.resume();
    },
  };
}

function createListeners() {
  const output = createListenerList<[piece: Buffer]>();
  const after = createListenerList<[bytes: Buffer]>();
  return {
    output,
    after,
    tellOutput(bytes: Buffer) {
      output.tell(bytes);
      after.tell(bytes);
    },
    pid: createListenerList<[pid: number]>(),
    stopped: createListenerList<[]>(),
    end: createListenerList<[status: ExitStatus]>(),
  };
}

function createListenerList<A extends unknown[]>() {
  const listeners: ((...args: A) => void)[] = [];
  return {
    add: (listener: (...args: A) => void) => void listeners.push(listener),
    tell(...args: A) {
      for (const listener of listeners) listener(...args);
    },
  };
}

function resizePty(pty: NodePty, { columns, rows }: Size): void {
  if (columns < 1 || rows < 1) return;
  try {
    pty.resize(columns, rows);
  } catch {
    // EBADF: it has just ended.
  }
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
