import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { HotswapError } from '../errors.ts';

/** What we use of node-pty's terminal: `fd` and `ptsName` are not in its types, and `encoding: null` makes Buffers. */
export interface NodePty {
  readonly pid: number;
  readonly fd: number;
  readonly ptsName: string;
  onData(listener: (chunk: Buffer) => void): void;
  onExit(listener: (end: { exitCode: number; signal?: number }) => void): void;
  pause(): void;
  resume(): void;
  resize(columns: number, rows: number): void;
  destroy(): void;
}

export interface NodePtyOptions {
  cwd: string;
  env: Record<string, string>;
  cols: number;
  rows: number;
  encoding: null;
}

export type SpawnNodePty = (file: string, args: string[], options: NodePtyOptions) => NodePty;

let spawn: SpawnNodePty | undefined;

/**
 * node-pty's `spawn`. Loaded by the first call: a missing binary is a `HotswapError('pty-unavailable')` that the
 * launcher can answer by running the real codex, not a failed import of the whole program.
 */
export function loadNodePty(): SpawnNodePty {
  spawn ??= requireSpawn();
  return spawn;
}

function requireSpawn(): SpawnNodePty {
  // The prebuilt binary (pty fact 21) loads on musl and crashes in the first spawn (pty fact 22).
  if (
    process.platform === 'linux' &&
    readFileSync('/proc/self/maps', 'latin1').includes('ld-musl')
  ) {
    throw new HotswapError(
      'pty-unavailable',
      'node-pty has no binary for musl',
      'use a glibc system',
    );
  }
  try {
    return createRequire(import.meta.url)('node-pty').spawn;
  } catch (error) {
    throw new HotswapError(
      'pty-unavailable',
      `node-pty cannot be loaded: ${(error as Error).message.split('\n')[0]}`,
      'install codex-hotswap again, without --omit=optional',
      { cause: error },
    );
  }
}
