import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { HotswapError } from '../errors.ts';

/** The two fifos between the supervisor and one run of the monitor. */
export interface SideChannel {
  onData(listener: (chunk: Buffer) => void): void;
  close(): void;
}

/**
 * Opens (and the first time makes) the fifos in `side`, before the monitor starts.
 * Throws `HotswapError('pty-unavailable')` when they cannot be made or opened.
 */
export function openSideChannel(side: string): SideChannel {
  const report = join(side, 'report');
  const control = join(side, 'control');
  makeFifos([report, control]);
  // O_RDWR: opening never waits for the other end, the monitor never waits for us, and there is no end of file
  // between two runs. We never read `control`. The monitor only needs to see that we hold it open.
  const lifeline = openSync(control, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = openReader(report, () => closeSync(lifeline));
  // Made for the first listener: `node:net` takes 3 ms to load, and the monitor starts meanwhile.
  let socket: Socket | undefined;
  let open = true;
  return {
    onData(listener) {
      socket ??= listenTo(reader);
      socket.on('data', listener);
    },
    close() {
      if (!open) return;
      open = false;
      if (socket === undefined) closeSync(reader);
      else socket.destroy();
      closeSync(lifeline);
    },
  };
}

/** A net.Socket polls the fifo. fs.read would block a thread until a byte comes, and our process could not exit. */
function listenTo(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false }).on('error', () => {});
}

function openReader(report: string, onFailure: () => void): number {
  try {
    return openSync(report, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    onFailure();
    throw error;
  }
}

function makeFifos(paths: string[]): void {
  const missing = paths.filter((path) => !isFifo(path));
  if (missing.length === 0) return;
  const { status, stderr, error } = spawnSync('mkfifo', ['-m', '600', ...missing]);
  if (status === 0) return;
  throw new HotswapError(
    'pty-unavailable',
    `mkfifo failed: ${error?.message ?? stderr.toString().trim()}`,
    'check that the directory is writable',
  );
}

function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}
