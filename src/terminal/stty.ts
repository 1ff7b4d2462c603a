import { spawnSync } from 'node:child_process';
import { HotswapError } from '../errors.ts';

/** `stty` waits for output to drain before it sets anything, which a stalled terminal may never do. */
const RESTORE_TIMEOUT_MS = 300;

/** The settings that the shim has read. A shell starts `stty` in 1 ms, Node in 8 ms, and Codex's start waits for it. */
let handedOver = process.env.CODEX_HOTSWAP_TERMIOS;
delete process.env.CODEX_HOTSWAP_TERMIOS; // the child, and a codex that it starts, must not get it

/** The shim has read the settings while the shell had the terminal: they are those of the shell's line editor. */
export function forgetTermios(): void {
  handedOver = undefined;
}

/** `stty -g` of the terminal on stdin: all of its settings, for `restoreTermios`. Throws `HotswapError`. */
export function readTermios(): string {
  const known = handedOver;
  handedOver = undefined;
  if (known) return known;
  const { status, stdout, error } = spawnSync('stty', ['-g'], {
    stdio: ['inherit', 'pipe', 'ignore'],
  });
  if (status === 0) return stdout.toString().trim();
  throw new HotswapError(
    'pty-unavailable',
    `stty cannot read the terminal${error === undefined ? '' : `: ${error.message}`}`,
    'run codex-hotswap in a terminal',
  );
}

/**
 * Raw mode that changes no byte in either direction. libuv's `setRawMode` leaves output processing on: the newline of a
 * full-screen program would become CR LF. `raw` alone leaves IEXTEN on: on a Mac, Ctrl-V and Ctrl-O would be lost.
 *
 * The caller makes sure that we are in the foreground: in the background the kernel would stop the whole job (SIGTTOU), and
 * we would wait here, where no signal handler runs.
 */
export function setRaw(): void {
  spawnSync('stty', ['raw', '-echo', '-iexten'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Restores the settings of `readTermios`. The caller makes sure that we are in the foreground. */
export function restoreTermios(termios: string): void {
  spawnSync('stty', [termios], {
    stdio: ['inherit', 'ignore', 'ignore'],
    timeout: RESTORE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
}
