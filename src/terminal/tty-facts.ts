import { isatty } from 'node:tty';

export interface Size {
  columns: number;
  rows: number;
}

/** Whether a descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  return binding()?.isTTY(fd) ?? isatty(fd);
}

/**
 * The size of the terminal on stdout; 0 × 0 if the terminal does not know it. `process.stdout` gives the same size, but it
 * loads `node:net` and the streams, which delays the child's start by 4 ms (pty fact 24).
 */
export function readSize(): Size {
  const size: [number, number] = [0, 0];
  const Tty = binding()?.TTY;
  if (Tty === undefined) return { columns: process.stdout.columns, rows: process.stdout.rows };
  const handle = new Tty(1, {});
  handle.getWindowSize(size);
  handle.close();
  return { columns: size[0], rows: size[1] };
}

/**
 * The binding that `node:tty` uses. Undefined if Node has no `process.binding`, or would print a warning. Node 20 to 26 have
 * it; a later release will not.
 */
function binding(): TtyBinding | undefined {
  const { NODE_OPTIONS = '', NODE_PENDING_DEPRECATION } = process.env;
  if (NODE_PENDING_DEPRECATION === '1' || NODE_OPTIONS.includes('deprecat')) return undefined;
  try {
    return (process as unknown as { binding(name: string): TtyBinding }).binding('tty_wrap');
  } catch {
    return undefined;
  }
}

interface TtyBinding {
  isTTY(fd: number): boolean;
  TTY?: new (
    fd: number,
    context: object,
  ) => { getWindowSize(size: [number, number]): number; close(): void };
}
