import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHome, forgeLogin } from './sandbox.ts';

type Home = ReturnType<typeof createHome>;

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

function createTwoTargets(home = createHome()): Home {
  home.writeVault('acc1', 'ann');
  home.writeVault('acc2', 'bob');
  home.ok(['setup', '--accounts', 'acc1,acc2']);
  return home;
}

/** The texts of all files below a directory. */
/** But for the last good copies: a login has to be where it belongs. */
function readAll(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.last-good'))
    .map((name) => join(dir, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => readFileSync(path, 'utf8'));
}

function expectNothingLost(home: Home, logins: readonly string[]): void {
  const told = home.run(['status', '--json']);
  expect(told).toMatchObject({ status: 0, stderr: '' }); // nothing had to be set aside
  const { targets } = JSON.parse(told.stdout) as { targets: { state: string }[] };
  expect(targets.map(({ state }) => state)).toEqual(['ready', 'ready']);
  const texts = readAll(home.home);
  for (const login of logins) expect(texts).toContain(login);
}

describe('kill -9 at any moment', () => {
  // What a command reads and writes lies between the start of Node and its own end.
  const ROUNDS = 5;
  const COMMANDS: Record<string, (round: number) => string[]> = {
    use: (round) => ['use', round % 2 === 0 ? 'acc2' : 'acc1'],
    config: (round) => ['config', 'set', 'cooldownMinutes', String(round)],
    rename: () => ['rename', 'acc1', 'main'],
    login: () => ['login', 'acc2'],
    import: () => ['import', 'new-login'],
  };

  test.each(Object.keys(COMMANDS))('%s: the state parses, no login is lost', async (name) => {
    const home = createTwoTargets();
    const newer = forgeLogin('bob', 1_795_000_000);
    const logins = [forgeLogin('ann')];
    const started = performance.now();
    home.ok(['current']);
    const usual = performance.now() - started;
    for (let round = 0; round < ROUNDS; round++) {
      home.write('new-login', newer);
      const words = (COMMANDS[name] as (round: number) => string[])(round);
      const env = { ...home.env, FAKE_LOGIN: home.path('new-login') };
      const child = spawn(process.execPath, [COMMAND, ...words], {
        env,
        cwd: home.home,
        stdio: 'ignore',
        detached: true,
      });
      const ended = once(child, 'exit');
      await pause(usual * (0.6 + Math.random()));
      try {
        process.kill(-(child.pid as number), 'SIGKILL');
      } catch {
        // It was faster.
      }
      await ended;
      if (name === 'rename') finishRename(home);
      expectNothingLost(home, logins);
    }
  });

  /** The next command, whatever it is, takes up what was left half done; then back, for the next round. */
  function finishRename(home: Home): void {
    home.ok(['status']);
    const { targets } = JSON.parse(home.ok(['status', '--json'])) as {
      targets: { name: string }[];
    };
    const name = targets[0]?.name as string;
    expect(home.exists(`.codex-${name}/auth.json`)).toBe(true);
    expect(home.exists('.local/state/codex-hotswap/renaming.json')).toBe(false);
    if (name === 'main') home.ok(['rename', 'main', 'acc1']);
  }
});

const canMount = (() => {
  const dir = new URL('../../.cache/mount-probe', import.meta.url).pathname;
  mkdirSync(dir, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', [dir]);
  return mounted;
})();

describe('a full disk (needs the right to mount a small tmpfs)', () => {
  test
    .runIf(canMount)
    .each([
      ['use', 'acc2'],
      ['config', 'set', 'prompt', 'x'.repeat(20_000)],
      ['rename', 'acc1', 'main'],
      ['import', 'new-login'],
      ['setup', '--force', '--accounts', 'third'],
      ['login', 'acc2'],
      ['remove', 'acc2', '--yes'],
      ['disable'],
    ])('%s %s: one line, and all is as it was or done', (...words) => {
    const home = createHome();
    const FAKE_LOGIN = home.path('new-login');
    const mounted = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      'size=256k,mode=0700',
      'tmpfs',
      home.home,
    ]);
    expect(mounted.status).toBe(0);
    onTestFinished(() => void spawnSync('umount', [home.home]));
    rebuild(home);
    createTwoTargets(home);
    home.write('new-login', forgeLogin('bob', 1_795_000_000));
    const before = readAll(home.path('.codex-acc1'));
    fillDisk(home.path('ballast'));

    const ran = home.run(words, { FAKE_LOGIN });
    expect([0, 1, 73]).toContain(ran.status);
    expect(ran.stderr).not.toMatch(/bug|at .*\.js/);
    // The state was not damaged, whatever became of the command.
    const { status, stderr } = home.run(['status']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const vault = existsSync(home.path('.codex-acc1')) ? '.codex-acc1' : '.codex-main';
    expect(readAll(home.path(vault))).toEqual(before);
    if (words[0] !== 'remove') expect(readAll(home.path('.codex-acc2'))).toHaveLength(1);
  });
});

/** The sandbox as it is made, on the file system that was mounted over it. */
function rebuild(home: Home): void {
  const fake = createHome();
  home.write('programs/codex', fake.read('programs/codex'), 0o755);
  spawnSync('ln', ['-s', process.execPath, home.path('programs/node')]);
}

function fillDisk(file: string): void {
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Less, then.
    }
  }
}
