import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HotswapError } from '../errors.ts';

/** The native part of node-pty, as far as it is used. */
export interface NativePty {
  /** @param helper the program by which macOS starts the child. */
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    isUtf8: boolean,
    helper: string,
    onExit: (exitCode: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, columns: number, rows: number, width: number, height: number): void;
}

/**
 * Loads node-pty's binary, and none of its JavaScript, which needs 8 ms to find its files before the first frame.
 * @returns the binary's functions, and the path of its helper.
 * @throws HotswapError `pty-unavailable`, which the launcher can answer by running the real codex.
 */
export function loadNativePty(): { native: NativePty; helper: string } {
  // The prebuilt binary (pty fact 21) loads on musl and crashes in the first spawn (pty fact 22).
  if (process.platform === 'linux' && isMusl()) {
    throw new HotswapError(
      'pty-unavailable',
      'node-pty has no binary for musl',
      'use a glibc system',
    );
  }
  try {
    const file = findBinary();
    const program = { exports: {} as NativePty };
    process.dlopen(program, file);
    return { native: program.exports, helper: join(dirname(file), 'spawn-helper') };
  } catch (error) {
    throw new HotswapError(
      'pty-unavailable',
      `node-pty cannot be loaded: ${(error as Error).message.split('\n')[0]}`,
      'install codex-hotswap again, without --omit=optional',
      { cause: error },
    );
  }
}

/** Finds the binary as Node does: node-pty from this file, and the package with the binary from node-pty's real path. */
function findBinary(): string {
  const machine = `${process.platform}-${process.arch}`;
  const found = findModule(import.meta.dirname, 'node-pty');
  const binary = join(`@lydell/node-pty-${machine}`, 'prebuilds', machine, 'pty.node');
  return findModule(realpathSync(found), binary);
}

function findModule(from: string, path: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    const candidate = join(dir, 'node_modules', path);
    if (existsSync(candidate)) return candidate;
    if (dir === dirname(dir)) throw new Error(`${path} is not installed`);
  }
}

/** Whether musl's loader is mapped into this process. */
function isMusl(): boolean {
  const fd = openSync('/proc/self/maps', 'r');
  try {
    // The kernel gives one page for each read. For each of them readFileSync would allocate half a megabyte.
    const block = Buffer.allocUnsafe(8192);
    let rest = '';
    for (let length = 1; length > 0; ) {
      length = readSync(fd, block, 0, block.length, null);
      const text = rest + block.toString('latin1', 0, length);
      if (text.includes('ld-musl')) return true;
      rest = text.slice(-'ld-musl'.length);
    }
    return false;
  } finally {
    closeSync(fd);
  }
}
