import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { readLoginConstraints, wordsToAsk } from '../../../src/launch/login-constraints.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

/** Two accounts in two workspaces, on a machine with an administrator. */
function place(files: Record<string, string>, args: string[] = []) {
  const paths = makeScratchHome();
  const systemDir = join(paths.home, 'etc');
  const write = (dir: string, name: string, text: string) => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  };
  for (const name of ['acc1', 'acc2']) {
    const login = forgeAuth({ user: name, account: `w-${name}` });
    write(join(paths.home, `.codex-${name}`), 'auth.json', login);
  }
  for (const [name, text] of Object.entries(files)) {
    write(
      name === 'user' ? paths.sharedHome : systemDir,
      name === 'user' ? 'config.toml' : name,
      text,
    );
  }
  const config = validateConfig(
    { version: 1, targets: [{ name: 'acc1' }, { name: 'acc2' }] },
    paths,
  );
  const { sharedHome, home } = paths;
  return { invocation: parseArgv(args), sharedHome, systemDir, cwd: home, config };
}

function ask(files: Record<string, string>, args: string[] = []) {
  const { invocation, ...others } = place(files, args);
  if (invocation.mode === 'passthrough') throw new Error('not a session');
  return readLoginConstraints({ ...others, invocation, env: {} });
}

const force = (name: string) => `forced_chatgpt_workspace_id = "w-${name}"\n`;
const enabled = async (terms: ReturnType<typeof ask>) =>
  (await terms).config.targets.filter((target) => target.enabled).map(({ name }) => name);

test('an administrator forces a workspace: the accounts that fit are left, and a line says so', async () => {
  const terms = ask({ 'managed_config.toml': force('acc2') });
  expect(await enabled(terms)).toEqual(['acc2']);
  expect((await terms).line).toContain('acc1 is not used');
});

test.each([
  ['stands below the user’s own', 'config.toml', [], ['acc1']],
  ['or above it', 'managed_config.toml', [], ['acc2']],
  ['and above -c', 'managed_config.toml', ['-c', force('acc1').trim()], ['acc2']],
  ['requirements.toml knows nothing of it', 'requirements.toml', [], ['acc1']],
])('what is set for the machine %s', async (_what, file, args, left) => {
  expect(await enabled(ask({ user: force('acc1'), [file]: force('acc2') }, args))).toEqual(left);
});

test('nobody fits; or logins are kept where ours are not: Codex does not run under them', async () => {
  await expect(ask({ 'managed_config.toml': force('acc3') })).rejects.toMatchObject({
    code: 'forced-login',
  });
  const store = 'cli_auth_credentials_store = "keyring"\n';
  await expect(ask({ 'managed_config.toml': store })).rejects.toMatchObject({
    code: 'no-usable-target',
  });
  expect(await enabled(ask({ 'config.toml': store }))).toEqual(['acc1', 'acc2']);
});

test('a Codex that would not look at an account is not asked about it', async () => {
  const words = (files: Record<string, string>) => {
    const question = place(files, ['app-server']);
    const [acc1] = question.config.targets;
    if (acc1 === undefined) throw new Error('no target');
    return wordsToAsk(question, acc1);
  };
  const store = 'cli_auth_credentials_store = "keyring"\n';
  expect(await words({})).toEqual([]);
  expect(await words({ user: force('acc1') })).toEqual([]);
  expect(await words({ user: store })).toEqual(['-c', 'cli_auth_credentials_store="file"']);
  for (const files of [{ user: force('acc2') }, { 'managed_config.toml': force('acc2') }]) {
    await expect(words(files)).rejects.toMatchObject({ code: 'forced-login' });
  }
  await expect(words({ 'managed_config.toml': store })).rejects.toMatchObject({
    code: 'no-usable-target',
  });
});
