import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ask } from '../lab/composer.ts';
import { openOuterTerminal } from '../lab/outer-terminal.ts';
import { findStrays } from '../lab/strays.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEMO = ['--import', 'tsx', 'scripts/demo.ts'];

test('without a terminal the demo plays by itself, and succeeds', { timeout: 90_000 }, () => {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const home = mkdtempSync(join(ROOT, '.cache/home-'));
  const { status, stdout, stderr } = spawnSync(process.execPath, DEMO, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, HOME: home },
  });
  const left = readdirSync(home);
  rmSync(home, { recursive: true });
  expect(left).toEqual([]); // nothing of the user's own is touched
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('doctor status: ok');
  expect(stdout).toContain('│• This is acc2.');
  expect(stdout).toMatch(/the conversation went from acc1 to acc2 within \d\.\d s/);
});

test('in a terminal the person plays', { timeout: 90_000 }, async () => {
  const terminal = openDemo();
  try {
    await terminal.waitForText('leave with /quit', { timeoutMs: 40_000 });
    await ask(terminal, 'hello one');
    await terminal.waitForText('This is acc1');
    await ask(terminal, 'hello two');
    await terminal.waitForText('This is acc2');
    await ask(terminal, '/quit');
    expect(await terminal.waitForExit()).toEqual({ status: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).toContain('"hello one", "hello two", "continue"');
  } finally {
    await terminal.dispose();
  }
});

test('a demo without a handoff fails', { timeout: 90_000 }, async () => {
  const terminal = openDemo();
  try {
    await terminal.waitForText('leave with /quit', { timeoutMs: 40_000 });
    await ask(terminal, '/quit');
    expect(await terminal.waitForExit()).toEqual({ status: 1, signal: 0 });
  } finally {
    await terminal.dispose();
  }
});

test('Ctrl-C in the middle removes what it made', { timeout: 90_000 }, async () => {
  const terminal = openDemo();
  try {
    await terminal.waitForText('acc2 is now', { timeoutMs: 40_000 });
    const home = join(
      ROOT,
      /\.cache\/sandbox\/\w+/.exec(terminal.scrollback().join('\n'))?.[0] ?? '?',
    );
    expect(existsSync(home)).toBe(true);
    terminal.press('ctrl-c');
    const ended = await terminal.waitForExit();
    expect(ended, terminal.scrollback().join('\n')).toEqual({ status: 0, signal: 2 });
    expect(existsSync(home)).toBe(false);
    expect(findStrays(home)).toEqual([]);
  } finally {
    await terminal.dispose();
  }
});

function openDemo() {
  const env = {
    ...(process.env as Record<string, string>),
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    TERM: 'xterm-256color',
  };
  return openOuterTerminal({
    file: process.execPath,
    args: DEMO,
    env,
    cwd: ROOT,
    columns: 110,
    rows: 40,
  });
}

test('the picture of the README can be recorded', { timeout: 90_000 }, () => {
  const work = mkdtempSync(join(ROOT, '.cache/picture-'));
  try {
    const svg = join(work, 'handoff.svg');
    const picture = [...DEMO.slice(0, -1), join(ROOT, 'scripts/picture.ts'), svg];
    const { status, stderr } = spawnSync(process.execPath, picture, {
      cwd: ROOT,
      env: { ...process.env, CODEX_UNDER_TEST: undefined }, // it is of the pinned version
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const drawn = readFileSync(svg, 'utf8');
    expect(drawn).toMatch(/This is acc1\.[\s\S]* · acc1<[\s\S]* · acc2<[\s\S]*This is acc2\./);
    expect(drawn).not.toContain(ROOT);
  } finally {
    rmSync(work, { recursive: true });
  }
});
