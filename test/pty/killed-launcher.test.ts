import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WATCH } from '../../src/session/exec/end-with-us.ts';
import { findStrays, waitForNoStrays } from '../lab/strays.ts';
import { openProduct } from './product.ts';

// `kill -9` of a plain Codex leaves no Codex at work, so `kill -9` of its launcher leaves none either.

const product = openProduct();
afterAll(() => product.dispose());

interface Running {
  launcher: ChildProcess;
  codex: number;
  ended: Promise<unknown[]>;
}

/** Starts `codex exec <args>`, where codex is a script that says its pid. */
async function start(args: string[], rest = 'exec sleep 60', shell?: string): Promise<Running> {
  const { words, env } = product.words('run-script', ['exec', ...args]);
  const home = env.HOME as string;
  const said = join(home, 'pid');
  rmSync(said, { force: true });
  const SCRIPT = `trap '' HUP TERM INT; echo $$ > pid.new; mv pid.new pid; ${rest}`;
  const [file = '', ...more] =
    shell === undefined ? words : ['/bin/sh', '-c', shell, 'sh', ...words];
  const launcher = spawn(file, more, {
    ...{ env: { ...env, SCRIPT }, cwd: home, detached: true },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    for (const { pid } of findStrays(home)) process.kill(pid, 'SIGKILL');
  });
  await vi.waitUntil(() => existsSync(said), { timeout: 10_000 });
  return { launcher, codex: Number(readFileSync(said, 'utf8')), ended: once(launcher, 'exit') };
}

const HOME = product.words('run-script').env.HOME as string;
const watchers = () => findStrays(HOME).filter(({ command }) => command.startsWith('/bin/sh -c'));
const noneIsLeft = () => waitForNoStrays(HOME, 3000);

describe.runIf(process.platform === 'linux')('kill -9 of the launcher of an exec', () => {
  it.each([[['hello']], [['--json', 'hello']]])('exec %j: no Codex is left', async (args) => {
    const { launcher, ended } = await start(args);
    await vi.waitUntil(() => watchers().length === 1);
    launcher.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await noneIsLeft()).toBe(true);
  });

  it('of its whole process group: nothing is left', async () => {
    const { launcher, ended } = await start(['hello']);
    await vi.waitUntil(() => watchers().length === 1);
    process.kill(-(launcher.pid as number), 'SIGKILL');
    await ended;
    expect(await noneIsLeft()).toBe(true);
  });

  it('while both are stopped', async () => {
    const { launcher, ended } = await start(['hello']);
    await vi.waitUntil(() => watchers().length === 1);
    process.kill(-(launcher.pid as number), 'SIGSTOP');
    launcher.kill('SIGKILL');
    await ended;
    expect(await noneIsLeft()).toBe(true);
  });
});

describe.runIf(process.platform === 'linux')('the watcher of an exec', () => {
  it('ends with it, and keeps no descriptor of the user', async () => {
    const { codex, ended } = await start(['hello'], 'sleep 1', 'exec "$@" 5>/dev/full 8</dev/zero');
    await vi.waitUntil(() => watchers().length === 1);
    const [watcher] = watchers();
    // dash cannot close a descriptor above 9. The processes around the tests have some.
    const open = readdirSync(`/proc/${watcher?.pid}/fd`).filter((fd) => fd.length === 1);
    const targets = open.map((fd) => readlinkSync(`/proc/${watcher?.pid}/fd/${fd}`));
    expect(targets).toEqual([expect.stringMatching(/^(socket|pipe):/), '/dev/null', '/dev/null']);
    // A session of its own: no signal of the terminal, or for the group of the launcher, reaches it.
    const sessionOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[5];
    expect(sessionOf(watcher?.pid as number)).not.toBe(sessionOf(codex));
    expect(await ended).toEqual([0, null]);
    expect(findStrays(HOME)).toEqual([]);
  });

  it('does nothing to a process that has the pid by now', async () => {
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    const watcher = spawn('/bin/sh', ['-c', WATCH], { stdio: ['pipe', 'inherit', 'inherit'] });
    watcher.stdin.end(`${other.pid} 1\n`);
    await once(watcher, 'exit');
    await sleep(50);
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  });

  it('looks after the child that was started last', async () => {
    const children = [0, 1].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
    const [first, last] = children as [ChildProcess, ChildProcess];
    onTestFinished(() => void first.kill('SIGKILL'));
    const ended = once(last, 'exit');
    const startOf = (pid?: number) =>
      readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19];
    const watcher = spawn('/bin/sh', ['-c', WATCH], { stdio: ['pipe', 'inherit', 'inherit'] });
    watcher.stdin.end(children.map(({ pid }) => `${pid} ${startOf(pid)}\n`).join(''));
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(first.signalCode).toBe(null);
  });
});
