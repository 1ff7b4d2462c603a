import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
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
    expect(run.stderr).toContain('sets forced_chatgpt_workspace_id, so acc1 is left out');
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

describe('no harm at all', () => {
  it.each(['keyring', 'auto'])('a %s store in config.toml: the vaults are used', async (store) => {
    const { backend, hotswap, exec } = await openHome();
    const file = join(hotswap.sandbox.codexHome, 'config.toml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('store = "file"', `store = "${store}"`));
    expect((await exec([])).status).toBe(0);
    expect(backend.turns('acc1')).toHaveLength(1);
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
