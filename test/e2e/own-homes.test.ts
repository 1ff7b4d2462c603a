import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// A home that CODEX_HOME names has a login of its own: a client's, an employer's. Work in it goes out under that login.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const COMMAND = join(import.meta.dirname, '../../dist/bin/codex-hotswap.js');

/** Two targets, acc1 current, and a home of its own beside them, with the settings of the sandbox. */
async function openHomes() {
  const lab = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
  const { hotswap, backend } = lab;
  const { sandbox } = hotswap;
  backend.addAccount({ name: 'client' });
  await hotswap.command('use', 'acc1');
  const own = join(sandbox.home, 'client-home');
  mkdirSync(own, { mode: 0o700 });
  copyFileSync(join(sandbox.codexHome, 'config.toml'), join(own, 'config.toml'));
  const env = { CODEX_HOME: own };
  return {
    ...lab,
    own,
    authFile: join(own, 'auth.json'),
    accounts: () => backend.turns().map(({ account }) => account),
    exec(home = own, args: string[] = []) {
      const [node, ...first] = hotswap.commandLine() as [string, ...string[]];
      const options = { env: { CODEX_HOME: home }, timeoutMs: 60_000 };
      return sandbox.run(node, [...first, 'exec', ...args, 'hello'], options);
    },
    launch: (name: string) =>
      sandbox.run(process.execPath, [COMMAND, 'launch', name, '--', 'exec', 'hello'], { env }),
    // Alone it would leave its daemon behind.
    tui: () =>
      hotswap.open([...(codexUnderTest.hasNoDaemon ? ['--no-daemon'] : []), 'hello'], {
        env: { ...sandbox.env, ...env },
      }),
  };
}

const ours = (text: string) => text.split('\n').filter((line) => line.startsWith('codex-hotswap:'));

describe('a login of no target', () => {
  it('exec runs under it, and one line says whose it is', async () => {
    const { hotswap, own, authFile, accounts, exec } = await openHomes();
    await hotswap.sandbox.writeVault('client', { directory: own });
    const before = readFileSync(authFile, 'utf8');
    const run = await exec();
    expect(run.status).toBe(0);
    expect(accounts()).toEqual(['client']);
    expect(ours(run.stderr)).toEqual([expect.stringContaining('client@example.com')]);
    expect(run.stderr).toContain(`codex-hotswap import ${authFile} --as NAME`);
    expect(readFileSync(authFile, 'utf8')).toBe(before);
    expect(lstatSync(authFile).isFile()).toBe(true);
    expect(JSON.parse(await hotswap.command('status', '--json')).targets).toMatchObject([
      { state: 'ready' },
      { state: 'ready' },
    ]);
  });

  it('so does the TUI', async () => {
    const { hotswap, own, accounts, tui } = await openHomes();
    await hotswap.sandbox.writeVault('client', { directory: own });
    const terminal = tui();
    await terminal.waitForText(/answer 1 from client/);
    expect(ours(terminal.raw().toString().replaceAll('\r', ''))).toHaveLength(1);
    await quit(terminal);
    expect(accounts()).toEqual(['client']);
  });

  it('an account that is named goes first, with a line', async () => {
    const { hotswap, own, accounts, launch } = await openHomes();
    await hotswap.sandbox.writeVault('client', { directory: own });
    const run = await launch('acc2');
    expect(run.status).toBe(0);
    expect(accounts()).toEqual(['acc2']);
    expect(ours(run.stderr)).toEqual([expect.stringMatching(/client@example\.com.*acc2/)]);
    expect(lstatSync(join(own, 'auth.json')).isFile()).toBe(true);
  });
});

describe('a login of a target', () => {
  it('a copy: the session runs under that target, and again', async () => {
    const { hotswap, own, accounts, exec } = await openHomes();
    await hotswap.sandbox.writeVault('acc2', { directory: own });
    for (const _time of ['first', 'second']) {
      const run = await exec();
      expect(run.status).toBe(0);
      expect(run.stderr).toContain('so this session works under acc2');
    }
    expect(accounts()).toEqual(['acc2', 'acc2']);
  });

  it('a link to its vault: the same', async () => {
    const { hotswap, own, accounts, exec } = await openHomes();
    symlinkSync(join(hotswap.sandbox.home, '.codex-acc2/auth.json'), join(own, 'auth.json'));
    expect((await exec()).stderr).toContain('so this session works under acc2');
    expect(accounts()).toEqual(['acc2']);
  });
});

describe('no login', () => {
  it('the session says whose account it works under, and leaves the home without one', async () => {
    const { accounts, authFile, exec } = await openHomes();
    const run = await exec();
    expect(run.status).toBe(0);
    expect(ours(run.stderr)).toEqual([
      expect.stringContaining('has no login of its own, so this session works under acc1'),
    ]);
    expect(accounts()).toEqual(['acc1']);
    expect(existsSync(authFile)).toBe(false);
  });

  it('a broken one is Codex’s to tell of', async () => {
    const { accounts, authFile, exec } = await openHomes();
    writeFileSync(authFile, '{');
    const run = await exec();
    expect(run.status).not.toBe(0);
    expect(ours(run.stderr)).toEqual([expect.stringContaining('is not valid JSON')]);
    expect(accounts()).toEqual([]);
    expect(readFileSync(authFile, 'utf8')).toBe('{');
  });
});

describe('the vault of a target', () => {
  /** One home for each account, as people keep who switch by hand. */
  async function openVault() {
    const homes = await openHomes();
    const { sandbox } = homes.hotswap;
    const vault = join(sandbox.home, '.codex-acc2');
    copyFileSync(join(sandbox.codexHome, 'config.toml'), join(vault, 'config.toml'));
    const file = join(vault, 'auth.json');
    return { ...homes, vault, file, text: readFileSync(file, 'utf8') };
  }

  it('the session runs under that target, and the login stays where it is', async () => {
    const { vault, file, text, accounts, exec } = await openVault();
    const run = await exec(vault);
    expect(run.status).toBe(0);
    expect(ours(run.stderr)).toEqual([
      `codex-hotswap: this Codex home (${vault}) is the directory of acc2's login, so this session works under acc2`,
    ]);
    expect(accounts()).toEqual(['acc2']);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('a limit moves the session on, and the login stays where it is', async () => {
    const { backend, vault, file, text, accounts, exec } = await openVault();
    backend.account('acc2').turnsLeft = 0;
    const run = await exec(vault);
    expect(run.status).toBe(0);
    expect(accounts().at(-1)).toBe('acc1');
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('~/.codex that is a link to it', async () => {
    const { hotswap, vault, file, text, accounts, exec } = await openVault();
    const { codexHome } = hotswap.sandbox;
    rmSync(codexHome, { recursive: true });
    symlinkSync(vault, codexHome);
    expect((await exec(codexHome)).stderr).toContain("is the directory of acc2's login");
    expect(accounts()).toEqual(['acc2']);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
