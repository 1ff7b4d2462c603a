import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, waitForComposer } from '../lab/composer.ts';
import { readRegistry } from '../lab/launches.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// `codex-hotswap launch` and `sessions`, on the real Codex.

const CLI = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
const { openLab, close } = createSupervisedLab();
afterEach(close);

/** Types `codex-hotswap <args>` in a terminal. */
const open = (hotswap: Supervised, args: string[]): OuterTerminal =>
  hotswap.open([], { args: [CLI, ...args] });
const cli = (hotswap: Supervised, args: string[]) =>
  hotswap.sandbox.run(process.execPath, [CLI, ...args]);

describe('codex-hotswap launch', () => {
  it('starts Codex under that target, with the words after --', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    const inside = join(hotswap.sandbox.work, 'inside');
    mkdirSync(inside);
    const words = ['--cd', inside, '--model', 'lab-model'];
    const terminal = open(hotswap, ['launch', 'acc2', '--', ...words]);
    await ask(terminal, 'hello');
    await terminal.waitForText('answer 1 from acc2');
    expect(backend.turns('acc2')[0]?.turn?.model).toBe('lab-model');
    expect(readRollouts(hotswap.sandbox.codexHome)[0]?.lines[0]?.payload.cwd).toBe(inside);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    expect(readRegistry(hotswap.sandbox)).toMatchObject([
      { args: words, segments: [{ target: 'acc2' }] },
    ]);
    // Only asked for once: new sessions start as before.
    expect(await hotswap.command('current')).toBe('acc1\n');
  });

  it('goes on under the next at the limit; with --pin it does not', async () => {
    const { hotswap } = await openLab([
      { name: 'acc1' },
      { name: 'acc2', turnsLeft: 0 },
      { name: 'acc3' },
    ]);
    const pinned = await cli(hotswap, ['launch', '--pin', 'acc2', '--', 'exec', 'hello']);
    expect(pinned).toMatchObject({ status: 1, stdout: '' });
    expect(pinned.stderr).toMatch(/^codex-hotswap: acc2: .*; it is pinned, so no other account/m);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
    const free = await cli(hotswap, ['launch', 'acc2', '--', 'exec', 'hello']);
    expect(free).toMatchObject({ status: 0, stdout: 'answer 1 from acc3\n' });
    expect(free.stderr).toMatch(/^codex-hotswap: acc2: its 5-hour limit is used up$/m);
  });

  it('offers the targets when none is named', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    const terminal = open(hotswap, ['launch', '--', '-m', 'lab-model']);
    await terminal.waitForText('acc2@example.com');
    terminal.press('down', 'enter');
    await ask(terminal, 'hello');
    await terminal.waitForText('answer 1 from acc2');
    expect(terminal.scrollback().join('\n')).not.toContain('Launch codex under');
    await quit(terminal);
    const left = open(hotswap, ['launch']);
    await left.waitForText('acc2@example.com');
    left.press('escape');
    expect(await left.waitForExit()).toEqual({ status: 0, signal: 0 });
  });

  it('refuses, and starts nothing, when it cannot be done as asked', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    rmSync(join(hotswap.sandbox.home, '.codex-acc2/auth.json'));
    expect(await cli(hotswap, ['launch', 'nobody', '--', 'exec', 'x'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^codex-hotswap: there is no account called "nobody"/),
    });
    expect(await cli(hotswap, ['launch', 'acc2', '--', 'exec', 'x'])).toMatchObject({
      status: 75,
      stderr: expect.stringMatching(/acc2 cannot be used: it is not logged in; log in with/),
    });
    expect(await cli(hotswap, ['launch', 'acc1', 'exec', 'x'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/put the arguments for codex after --/),
    });
    expect(await cli(hotswap, ['launch'])).toMatchObject({ status: 2 });
    expect(backend.turns()).toEqual([]);
  });
});

describe('codex-hotswap sessions', () => {
  it('shows who ran what where, and what goes on with it', async () => {
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { work, codexHome } = hotswap.sandbox;
    expect(await hotswap.command('sessions')).toBe('no sessions yet\n');
    await runCodex(hotswap, ['exec', 'first of all']);
    await runCodex(hotswap, ['exec', 'then this']);
    const threads = readRollouts(codexHome).map(({ threadId }) => threadId);

    const { sessions } = JSON.parse(await hotswap.command('sessions', '--json'));
    expect(sessions).toMatchObject([
      {
        active: false,
        mode: 'exec',
        cwd: work,
        args: ['exec', 'then this'],
        target: 'acc2',
        sameAccount: true,
        thread: threads[1],
        title: 'then this',
        segments: [{ target: 'acc1' }, { target: 'acc2' }],
        usage: { windows: [{ minutes: 300, usedPercent: 25 }, { minutes: 10_080 }] },
        resume: `codex-hotswap resume ${threads[1]}`,
      },
      { title: 'first of all', segments: [{ target: 'acc1' }], thread: threads[0] },
    ]);
    const text = await hotswap.command('sessions', '--account', 'acc2');
    expect(text).toContain(`acc1 → acc2  exec in ${work}`);
    expect(text).toContain('then this');
    expect(text).toMatch(/acc2: .*75% left/);
    expect(text).not.toContain('first of all');
    expect(await hotswap.command('sessions', '--active')).toBe('no session runs now\n');
  });

  it('flags a running one whose target holds another account now', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    const terminal = hotswap.open();
    await ask(terminal, 'hello');
    await terminal.waitForText('answer 1 from acc1');
    await hotswap.waitForEvent('bound');
    const vault = join(hotswap.sandbox.home, '.codex-acc1/auth.json');
    const before = readFileSync(vault);
    writeFileSync(vault, JSON.stringify(backend.forgeAuth('acc2')), { mode: 0o600 });
    expect(await hotswap.command('sessions', '--active')).toMatch(
      /! acc1 now holds another account/,
    );
    // Its usage is nobody's, for acc1 is not the account that it was.
    expect(hotswap.account('acc1').usage).toBeUndefined();
    writeFileSync(vault, before);
    const active = await hotswap.command('sessions', '--active');
    expect(active).toMatch(/^\* acc1 {2}codex in .*pid \d+/);
    expect(active).not.toContain('!');
    expect(hotswap.account('acc1').usage).toMatchObject({ source: 'session' });
    await waitForComposer(terminal);
    await quit(terminal);
  });

  it('opens no rollout that is not bound to a launch, of 10,000', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    await runCodex(hotswap, ['exec', 'hello']);
    const day = join(hotswap.sandbox.codexHome, 'sessions/2026/01/02');
    mkdirSync(day, { recursive: true });
    // Fifos: whoever opens one to read waits for ever.
    const names = Array.from({ length: 10_000 }, (_, index) => {
      const id = index.toString(16).padStart(12, '0');
      return `rollout-2026-01-02T03-04-05-01a1fc79-1397-7f72-adbd-${id}.jsonl`;
    });
    for (let at = 0; at < names.length; at += 1000) {
      execFileSync('mkfifo', names.slice(at, at + 1000), { cwd: day });
    }
    for (const command of ['sessions', 'status', 'current']) {
      expect(await hotswap.command(command)).toContain('acc1');
    }
  });
});
