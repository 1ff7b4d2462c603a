import {
  appendFileSync,
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
import { ask } from '../lab/composer.ts';
import { waitForDialog } from '../lab/dialogs.ts';
import { itSince } from '../lab/playable.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// What stands between a launch and our accounts: variables that outrank a login, other providers, forced workspaces,
// another credential store. Never a broken session: Codex runs alone, or on without the accounts that do not fit.

const { openLab, close } = createSupervisedLab();
afterEach(close);

async function openHome(options: { top?: string; bottom?: (origin: string) => string } = {}) {
  const lab = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
  const { sandbox } = lab.hotswap;
  await lab.hotswap.command('use', 'acc1');
  const file = join(sandbox.codexHome, 'config.toml');
  const bottom = options.bottom?.(lab.backend.origin) ?? '';
  writeFileSync(file, `${options.top ?? ''}\n${readFileSync(file, 'utf8')}${bottom}`);
  return {
    ...lab,
    shared: join(sandbox.codexHome, 'auth.json'),
    exec(args: string[], env: Record<string, string> = {}) {
      const [node, ...first] = lab.hotswap.commandLine() as [string, ...string[]];
      return sandbox.run(node, [...first, 'exec', ...args, 'hello'], { env, timeoutMs: 60_000 });
    },
  };
}

/** Answers at once, so that Codex does not try again; not an account's limit. */
const provider = (origin: string) =>
  `[model_providers.lab]
name = "lab"
base_url = "${origin}/v1"
env_key = "LAB_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;
const KEY = { LAB_KEY: 'lab-key-of-the-provider' };

describe('Codex runs alone, and one line says why', () => {
  it.each<[string, Parameters<typeof openHome>[0], string[], Record<string, string>, RegExp]>([
    [
      'CODEX_ACCESS_TOKEN',
      {},
      ['-c', 'stream_max_retries=0'],
      { CODEX_ACCESS_TOKEN: 'lab-token' },
      /CODEX_ACCESS_TOKEN is set/,
    ],
    ['CODEX_API_KEY', {}, [], { CODEX_API_KEY: 'sk-lab-0123456789' }, /CODEX_API_KEY is set/],
    [
      'a provider in config.toml',
      { top: 'model_provider = "lab"', bottom: provider },
      [],
      KEY,
      /the provider "lab"/,
    ],
    [
      'a provider by -c',
      { bottom: provider },
      ['-c', 'model_provider=lab'],
      KEY,
      /the provider "lab"/,
    ],
    [
      'a provider that wants an account, and works with a key of its own',
      {
        top: 'model_provider = "lab"',
        bottom: (origin) => `${provider(origin)}requires_openai_auth = true\n`,
      },
      [],
      KEY,
      /the provider "lab"/,
    ],
    ['--oss', {}, ['--oss', '--local-provider', 'ollama'], {}, /the provider "oss"/],
    ['a keyring by -c', {}, ['-c', 'cli_auth_credentials_store="keyring"'], {}, /"keyring" store/],
  ])('%s', async (_, options, args, env, line) => {
    const { backend, hotswap, exec, shared } = await openHome(options);
    const run = await exec(args, env);
    expect(run.stderr).toMatch(line);
    expect(run.stderr).toMatch(/^codex-hotswap: .*; running codex unsupervised$/m);
    expect(run.stderr).not.toContain('lab-key-of');
    expect(hotswap.eventsOf('launch')).toEqual([]);
    expect(hotswap.eventsOf('confirmed')).toEqual([]);
    expect(backend.turns('acc1')).toEqual([]);
    expect(lstatSync(shared).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await hotswap.command('status', '--json')).targets).toMatchObject([
      { state: 'ready' },
      { state: 'ready' },
    ]);
  });

  it('a profile with a provider', async () => {
    const { backend, hotswap, exec } = await openHome({ bottom: provider });
    const file = join(hotswap.sandbox.codexHome, 'work.config.toml');
    writeFileSync(file, 'model_provider = "lab"\n');
    expect((await exec(['-p', 'work'], KEY)).stderr).toMatch(/the provider "lab"/);
    expect(backend.turns('acc1')).toEqual([]);
  });

  it('but not for whoever has named an account', async () => {
    const { hotswap } = await openHome();
    const command = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
    const run = await hotswap.sandbox.run(
      process.execPath,
      [command, 'launch', 'acc2', '--', 'exec', 'hello'],
      { env: { CODEX_API_KEY: 'sk-lab-0123456789' } },
    );
    expect(run).toMatchObject({ status: 75, stdout: '' });
    expect(run.stderr).toMatch(/^codex-hotswap: CODEX_API_KEY is set.*\n$/);
  });
});

describe('the accounts that do not fit are left out', () => {
  it('of a forced workspace: launch and handoff', async () => {
    const { backend, exec, shared } = await openHome({
      top: 'forced_chatgpt_workspace_id = "workspace-acc2"',
    });
    const run = await exec([]);
    expect(run.stderr).toContain('sets forced_chatgpt_workspace_id, so acc1 is not used');
    expect(run.status).toBe(0);
    expect(backend.turns().map(({ account }) => account)).toEqual(['acc2']);
    expect(lstatSync(shared).isSymbolicLink()).toBe(true);

    backend.account('acc2').turnsLeft = 0;
    const limited = await exec([]);
    expect(limited.status).toBe(1);
    expect(backend.turns('acc1')).toEqual([]);
  });

  it('none left: Codex would log them out, so it is not run', async () => {
    const { backend, hotswap, exec, shared } = await openHome({
      top: 'forced_login_method = "api"',
    });
    const run = await exec([]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^codex-hotswap: .*forced_login_method.* log acc1, acc2 out.*\n$/);
    expect(backend.turns()).toEqual([]);
    expect(lstatSync(shared).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await hotswap.command('status', '--json')).targets).toMatchObject([
      { state: 'ready' },
      { state: 'ready' },
    ]);
  });
});

describe('a file of a trusted project that would log accounts out', () => {
  const FILE = '.codex/config.toml';
  async function openProject(accounts: { name: string; turnsLeft?: number }[]) {
    const lab = await openLab(accounts);
    await lab.hotswap.command('use', 'acc1');
    const { sandbox } = lab.hotswap;
    const [node, ...first] = lab.hotswap.commandLine() as [string, ...string[]];
    return {
      ...lab,
      force(text: string) {
        mkdirSync(join(sandbox.work, '.codex'), { recursive: true });
        writeFileSync(join(sandbox.work, FILE), text);
      },
      exec: (cwd = sandbox.work) => sandbox.run(node, [...first, 'exec', 'hello'], { cwd }),
      async states() {
        const { targets } = JSON.parse(await lab.hotswap.command('status', '--json'));
        return targets.map(({ state }: { state: string }) => state);
      },
    };
  }

  it('nobody fits: Codex does not run, and no account is called logged out', async () => {
    const { backend, hotswap, force, exec, states } = await openProject([
      { name: 'acc1' },
      { name: 'acc2' },
    ]);
    force('forced_login_method = "api"\n');
    const { work } = hotswap.sandbox;
    mkdirSync(join(work, 'below'));
    for (const cwd of [work, join(work, 'below')]) {
      const run = await exec(cwd);
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toContain(`${join(work, FILE)} sets forced_login_method`);
    }
    expect(backend.turns()).toEqual([]);
    expect(await states()).toEqual(['ready', 'ready']);
  });

  const itLists = itSince('0.144.0', 'Codex 0.130 takes one workspace, and no list');

  itLists('the accounts that fit are left, by a list', async () => {
    const { backend, force, exec, states } = await openProject([
      { name: 'acc1' },
      { name: 'acc2' },
    ]);
    force('forced_chatgpt_workspace_id = ["workspace-other", "workspace-acc2"]\n');
    const run = await exec();
    expect(run.stderr).toContain('so acc1 is not used');
    expect(backend.turns().map(({ account }) => account)).toEqual(['acc2']);
    expect(await states()).toEqual(['ready', 'ready']);
  });

  it('it comes in mid-session: the limit moves the session to no account that Codex would log out', async () => {
    const { backend, hotswap, force, states } = await openProject([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
      { name: 'acc3' },
    ]);
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    force('forced_chatgpt_workspace_id = "workspace-acc3"\n');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc3');
    await quit(terminal);
    expect(backend.turns('acc2')).toEqual([]);
    expect(await states()).toEqual(['marked', 'ready', 'ready']);
  });

  it('… and to none where none fits: Codex stays, and the line at the end says why', async () => {
    const { backend, hotswap, force, states } = await openProject([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
    ]);
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    force('forced_login_method = "api"\n');
    await ask(terminal, 'two');
    await hotswap.waitForEvent('exhausted');
    await quit(terminal);
    expect(terminal.raw().toString()).toMatch(
      /no other account goes on here: .*forced_login_method/,
    );
    expect(backend.turns('acc2')).toEqual([]);
    expect(await states()).toEqual(['marked', 'ready']);
  });

  it('a thread that works elsewhere is resumed there, so the file of that place counts', async () => {
    const { backend, hotswap, exec, states } = await openProject([
      { name: 'acc1', turnsLeft: 2 },
      { name: 'acc2' },
      { name: 'acc3' },
    ]);
    const { sandbox } = hotswap;
    const other = join(sandbox.home, 'other');
    mkdirSync(join(other, '.codex'), { recursive: true });
    await sandbox.run('git', ['init', '-q', other]);
    const trust = `[projects.${JSON.stringify(other)}]\ntrust_level = "trusted"\n`;
    appendFileSync(join(sandbox.codexHome, 'config.toml'), trust);
    const { stderr } = await exec(other);
    const terminal = hotswap.open(['resume', /session id: (\S+)/.exec(stderr)?.[1] ?? '']);
    await waitForDialog(terminal, sandbox, '1. Use session directory');
    terminal.press('enter');
    await ask(terminal, 'one');
    await terminal.waitForText('answer 2 from acc1');
    const forced = 'forced_chatgpt_workspace_id = "workspace-acc3"\n';
    writeFileSync(join(other, FILE), forced);
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc3');
    await quit(terminal);
    expect(backend.turns('acc2')).toEqual([]);
    expect(await states()).toEqual(['marked', 'ready', 'ready']);
  });

  it('what we cannot read costs one start, and no account', async () => {
    const { backend, hotswap, exec, states } = await openProject([
      { name: 'acc1' },
      { name: 'acc2' },
    ]);
    const { sandbox } = hotswap;
    const codex = join(sandbox.realBin, 'codex');
    rmSync(codex);
    const script = `#!/bin/sh
exec '${codexUnderTest.launcher}' -c 'forced_login_method="api"' "$@"
`;
    writeFileSync(codex, script, { mode: 0o755 });
    const first = await exec();
    expect(first.status).toBe(1);
    expect(first.stderr).toContain('Logging out');
    expect(first.stderr).toContain('Codex logged acc1 out at its start');
    const second = await exec();
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).not.toContain('Logging out');
    expect(second.stderr).toContain('Codex would log out the next account, too');
    expect(backend.turns()).toEqual([]);
    expect(await states()).toEqual(['ready', 'ready']);
    expect(hotswap.eventsOf('launch')).toHaveLength(1);

    // Corrected: the account that is named starts, and from then on all do.
    rmSync(codex);
    symlinkSync(codexUnderTest.launcher, codex);
    await hotswap.command('launch', 'acc1', '--', 'exec', 'hello');
    expect((await exec()).status).toBe(0);
    expect(backend.turns('acc1')).toHaveLength(2);
  });
});

describe('no harm at all', () => {
  it.each(['keyring', 'auto'])('a %s store in config.toml: the vaults are used', async (store) => {
    const { backend, hotswap, exec } = await openHome();
    const file = join(hotswap.sandbox.codexHome, 'config.toml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('store = "file"', `store = "${store}"`));
    expect((await exec([])).status).toBe(0);
    expect(backend.turns('acc1')).toHaveLength(1);
  });

  it('a key of blanks', async () => {
    const { backend, hotswap, exec } = await openHome();
    expect((await exec([], { CODEX_API_KEY: ' ', CODEX_ACCESS_TOKEN: ' ' })).status).toBe(0);
    expect(backend.turns('acc1')).toHaveLength(1);
    expect(hotswap.eventsOf('launch')).toHaveLength(1);
  });

  it('OPENAI_API_KEY, and CODEX_API_KEY for the TUI, which do not look at them', async () => {
    const { backend, hotswap } = await openHome();
    const env = { ...hotswap.sandbox.env, OPENAI_API_KEY: 'sk-lab-1', CODEX_API_KEY: 'sk-lab-2' };
    const terminal = hotswap.open(['hello'], { env });
    await terminal.waitForText(/answer 1 from acc1/);
    await quit(terminal);
    expect(backend.turns('acc1')).toHaveLength(1);
  });
});
