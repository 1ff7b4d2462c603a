import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, startBackend } from '../../lab/backend/index.ts';
import { codexUnderTest } from '../../lab/codex-under-test.ts';
import { ask, waitForComposer, waitUntilKeysAreRead } from '../../lab/composer.ts';
import { type OuterTerminal, openOuterTerminal } from '../../lab/outer-terminal.ts';
import { setUpHotswap } from '../../lab/public-setup.ts';
import { makeSandbox, type Sandbox } from '../../lab/sandbox.ts';
import { findStrays, isLauncher, waitForNoStrays } from '../../lab/strays.ts';

// The real Codex, supervised, started from an interactive shell as people do.

const PROMPT = 'ready> ';
let backend: Backend;
let box: Sandbox;
let terminal: OuterTerminal;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }] });
});
afterAll(() => backend.close());

beforeEach(async () => {
  box = await makeSandbox({ backend, accounts: ['acc1'] });
  await setUpHotswap(box, ['acc1']);
});
afterEach(async () => {
  await terminal.dispose();
  await box.dispose();
});

describe.each([{ kitty: false }, { kitty: true }])('Ctrl-Z, kitty keyboard $kitty', ({ kitty }) => {
  it('gives the shell a stopped job and a cooked terminal; fg repaints and goes on', async () => {
    terminal = openShell({ kitty });
    const cooked = await shellReady();
    terminal.type('codex\r');
    await terminal.waitForText(/default · ~\/work/);
    await ask(terminal, 'before the stop');
    await terminal.waitForText(/answer \d+ from acc1/);
    await waitForComposer(terminal);

    terminal.press('ctrl-z');
    await terminal.waitForText(/Stopped.*codex/);
    // 0.150 may ask for the cursor's position in the very moment it stops, bare too: the shell gets the answer typed.
    terminal.type('\u0015'); // Ctrl-U empties the line
    await shellReady();
    expect(terminal.stty()).toBe(cooked);
    if (codexUnderTest.hasNoDaemon) {
      expect(terminal.modes()).toMatchObject({ mouse: 'none', kittyFlags: 0, focusReports: false });
    }

    const stopped = terminal.raw().length;
    terminal.type('fg\r');
    // A whole frame since: Codex has the terminal again, and has read the answers to its questions.
    const frame = () => terminal.raw().includes('\u001b[?2026l', stopped);
    await terminal.waitUntil(frame, 'a frame after fg');
    if (codexUnderTest.hasNoDaemon) {
      await waitUntilKeysAreRead(terminal);
      await ask(terminal, 'after the stop');
      await terminal.waitForText('after the stop');
      await terminal.waitForText(
        /answer \d+ from acc1[\s\S]*after the stop[\s\S]*answer \d+ from acc1/,
      );

      await quit();
    } else {
      // Under load 0.150 sets its modes and asks for the cursor's position before it is stopped, bare too: the
      // shell takes both away, and what is typed after `fg` may be lost.
      endSupervisor('SIGTERM');
    }
    await shellReady();
    expect(terminal.stty()).toBe(cooked);
  });
});

describe.each(['SIGHUP', 'SIGTERM', 'SIGKILL'] as const)('%s to the supervisor', (signal) => {
  it('leaves no process', async () => {
    terminal = openShell({});
    await shellReady();
    terminal.type('codex\r');
    await terminal.waitForText(/default · ~\/work/);
    endSupervisor(signal);
    await vi.waitUntil(onlyTheShellLives, { timeout: 10_000, interval: 20 });
    // SIGKILL leaves the terminal raw: nothing can help that, and `stty sane` is what the README says.
    terminal.type('\rstty sane\rexit\r');
    await terminal.waitForExit();
    expect(await waitForNoStrays(box.home, 5000)).toBe(true);
  });
});

it('a closed window ends Codex and leaves no process', async () => {
  terminal = openShell({});
  await shellReady();
  terminal.type('codex\r');
  await terminal.waitForText(/default · ~\/work/);
  terminal.hangUp();
  expect(await waitForNoStrays(box.home, 10_000)).toBe(true);
});

describe('in the background', () => {
  /** What Codex would draw, set or ask. */
  const CODEX_BYTES = /\u001b\[\?1049|\u001b\[[>?]?[\d;]*[cnu]|\u001b\]/;

  it('`codex &` is stopped, `kill %1` ends it, and the shell sees no byte and no answer of the terminal', async () => {
    terminal = openShell({});
    const cooked = await shellReady();
    const from = terminal.raw().length;
    terminal.type('codex &\r');
    await vi.waitUntil(() => findStrays(box.home).length > 1, { timeout: 10_000, interval: 20 });
    await typeUntil('jobs', /Stopped +codex/);
    terminal.type('kill %1\r');
    await vi.waitUntil(onlyTheShellLives, { timeout: 10_000, interval: 20 });
    await typeUntil('jobs', /Terminated +codex/);
    await shellReady();
    expect(terminal.raw().subarray(from).toString('latin1')).not.toMatch(CODEX_BYTES);
    expect(terminal.stty()).toBe(cooked);
  });

  it('`kill %1` ends a session that Ctrl-Z has stopped, and draws nothing', async () => {
    terminal = openShell({});
    const cooked = await shellReady();
    terminal.type('codex\r');
    await terminal.waitForText(/default · ~\/work/);
    await waitForComposer(terminal);
    terminal.press('ctrl-z');
    await terminal.waitForText(/Stopped.*codex/);
    terminal.type('\u0015');
    await shellReady();
    const from = terminal.raw().length;
    terminal.type('kill %1\r');
    await vi.waitUntil(onlyTheShellLives, { timeout: 10_000, interval: 20 });
    await typeUntil('jobs', /Terminated +codex/);
    await shellReady();
    expect(terminal.raw().subarray(from).toString('latin1')).not.toMatch(CODEX_BYTES);
    expect(terminal.stty()).toBe(cooked);
  });
});

/** Types a command until the shell knows: it learns of a stop and an end a moment later. */
async function typeUntil(command: string, wanted: RegExp): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    terminal.type(`${command}\r`);
    const found = await terminal.waitForText(wanted, { timeoutMs: 500 }).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw new Error(`${command} never said ${wanted}`);
}

function endSupervisor(signal: NodeJS.Signals): void {
  const supervisor = findStrays(box.home).find(isLauncher);
  process.kill((supervisor as { pid: number }).pid, signal);
}

function openShell({ kitty = false }: { kitty?: boolean }): OuterTerminal {
  return openOuterTerminal({
    file: '/bin/bash',
    args: ['--norc', '-i'],
    env: { ...box.env, PS1: PROMPT },
    cwd: box.work,
    kitty,
  });
}

/**
 * The cursor is behind a prompt; the terminal's settings as the shell leaves them for programs. A Codex that was stopped in
 * the middle of a frame (0.150, bare too) may have left something behind the cursor.
 */
async function shellReady(): Promise<string> {
  const isReady = () => {
    const { x, y } = terminal.cursor();
    return terminal.screen()[y]?.padEnd(x).slice(0, x) === PROMPT;
  };
  await terminal.waitUntil(isReady, 'the prompt of the shell');
  return terminal.stty();
}

async function quit(): Promise<void> {
  terminal.type('/quit');
  await terminal.waitForText('/quit');
  terminal.press('enter');
}

function onlyTheShellLives(): boolean {
  return findStrays(box.home).every(({ pid }) => pid === terminal.pid);
}
