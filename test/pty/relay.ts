/**
 * The smallest supervisor: the user's terminal wired to a command behind a pty, nothing else. The tests of src/pty and
 * src/terminal run it (bundled) in an outer pty; SUPERVISOR puts the product in its place.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirrorExit } from '../../src/pty/mirror-exit.ts';
import { type ExitStatus, spawnPty } from '../../src/pty/spawn.ts';
import { openTerminal } from '../../src/terminal/terminal.ts';

const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGABRT',
] as const;
const HANGUP_GRACE_MS = 1000;
const FLUSH_DEADLINE_MS = 500;

const { RELAY_SIDE, RELAY_SHELL, RELAY_STDERR, RELAY_MONITOR = '', ...env } = process.env;
const [file = '', ...args] = process.argv.slice(2);
const side = RELAY_SIDE ?? mkdtempSync(join(tmpdir(), 'relay-'));

const terminal = openTerminal();
const child = spawnPty({
  file,
  args,
  cwd: process.cwd(),
  env: env as Record<string, string>,
  size: terminal.size(),
  monitor: RELAY_MONITOR,
  side,
  termios: terminal.termios,
  ...(RELAY_SHELL === undefined ? {} : { shell: RELAY_SHELL }),
  ...(RELAY_STDERR === undefined ? {} : { stderr: RELAY_STDERR }),
});

for (const signal of FORWARDED) process.on(signal, () => child.signal(signal));
process.on('SIGHUP', killLater);
terminal.enterRaw();

child.onOutput((chunk) => {
  if (!terminal.write(chunk)) child.pauseOutput();
});
terminal.onDrain(() => child.resumeOutput());
terminal.onInput((chunk) => {
  if (!child.write(chunk)) terminal.pauseInput();
});
child.onDrain(() => terminal.resumeInput());
terminal.onResize((size) => child.resize(size));
terminal.onHangup(() => {
  child.signal('SIGHUP');
  killLater();
});
child.onStopped(() => void suspend());
child.onEnd((status) => void leave(status));

async function suspend(): Promise<void> {
  terminal.pauseInput();
  await terminal.suspendJob();
  terminal.resumeInput();
  child.resize(terminal.size());
  child.continueJob();
  child.redraw();
}

async function leave(status: ExitStatus): Promise<void> {
  await Promise.race([
    terminal.flush(),
    new Promise((resolve) => setTimeout(resolve, FLUSH_DEADLINE_MS)),
  ]);
  terminal.restore();
  if (RELAY_SIDE === undefined) rmSync(side, { recursive: true });
  mirrorExit(status);
}

function killLater(): void {
  setTimeout(() => child.signal('SIGKILL'), HANGUP_GRACE_MS).unref();
}
