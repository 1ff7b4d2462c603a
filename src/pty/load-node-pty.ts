import { closeSync } from 'node:fs';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import { ReadStream } from 'node:tty';
import { loadNativePty } from './native-pty.ts';

/** A child behind a pty, as node-pty's binary gives it. spawn.ts adds the monitor and the drain. */
export interface NodePty {
  readonly pid: number;
  readonly fd: number;
  readonly ptsName: string;
  /**
   * Begins to read. Called once.
   * @param block each read fills it from its start. A chunk is a part of it, and the next read overwrites the chunk.
   */
  onData(listener: (chunk: Buffer) => void, block: Buffer): void;
  /** The pty may still hold output of the child then. */
  onExit(listener: (end: { exitCode: number; signal?: number }) => void): void;
  pause(): void;
  resume(): void;
  /** Throws when the child has ended. */
  resize(columns: number, rows: number): void;
  destroy(): void;
}

export interface NodePtyOptions {
  cwd: string;
  env: Record<string, string>;
  cols: number;
  rows: number;
}

export type SpawnNodePty = (file: string, args: string[], options: NodePtyOptions) => NodePty;

let spawn: SpawnNodePty | undefined;

/**
 * Starts a child behind a pty, by the native part of node-pty.
 * @throws HotswapError `pty-unavailable` when that cannot be loaded.
 */
export function loadNodePty(): SpawnNodePty {
  spawn ??= makeSpawn();
  return spawn;
}

function makeSpawn(): SpawnNodePty {
  const { native, helper } = loadNativePty();
  return (file, args, { cwd, env, cols, rows }) => {
    const listeners: Parameters<NodePty['onExit']>[0][] = [];
    const forked = native.fork(
      file,
      args,
      Object.entries({ TERM: 'xterm', ...env, PWD: cwd }).map((entry) => entry.join('=')),
      cwd,
      // A terminal that does not know its size has 0 × 0.
      cols || 80,
      rows || 24,
      ...([-1, -1, false, helper] as const),
      (exitCode, signal) => {
        for (const listener of listeners) listener({ exitCode, signal });
      },
    );
    let isDestroyed = false;
    // Made at the first read: `node:tty` takes 3 ms to load, and the child starts meanwhile.
    let stream: ReadStream | undefined;

    function destroy(): void {
      if (isDestroyed) return;
      isDestroyed = true;
      if (stream === undefined) closeSync(forked.fd);
      else stream.destroy();
    }

    return {
      pid: forked.pid,
      fd: forked.fd,
      ptsName: forked.pty,
      onData(listener, block) {
        stream = openStream(forked.fd, listener, block);
      },
      onExit: (listener) => void listeners.push(listener),
      pause: () => void stream?.pause(),
      resume: () => void stream?.resume(),
      resize: (columns, lines) => native.resize(forked.fd, columns, lines, 0, 0),
      destroy,
    };
  };
}

/**
 * An error ends the stream; the child's exit reports its end. Without our block Node would allocate 64 KiB for each read
 * of 4 KiB.
 */
function openStream(fd: number, listener: (chunk: Buffer) => void, block: Buffer): ReadStream {
  const onread: OnReadOpts = {
    buffer: block,
    callback(length) {
      listener(block.subarray(0, length));
      return true;
    },
  };
  // Every net.Socket takes this option, but the types do not name it.
  return new ReadStream(fd, { onread } as SocketConstructorOpts).on('error', () => {}).resume();
}
