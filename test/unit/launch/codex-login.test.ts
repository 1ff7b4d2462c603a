import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { runCodexLogin } from '../../../src/launch/codex-login.ts';
import { type Paths, resolvePaths } from '../../../src/state/paths.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

// Whether `codex login` and `codex logout` are Codex's own. Where they are not, a test has no terminal to be asked on.

const CLIENT = forgeAuth({ user: 'client', account: 'w-client' });

function runIn(word: string, codexHome: string | undefined, make: (paths: Paths) => void) {
  const { home } = makeScratchHome();
  const env = codexHome === undefined ? {} : { CODEX_HOME: join(home, codexHome) };
  const paths = resolvePaths(env, home);
  mkdirSync(dirname(paths.configFile), { recursive: true, mode: 0o700 });
  writeFileSync(paths.configFile, '{"version":1,"targets":[{"name":"acc1"}]}', { mode: 0o600 });
  for (const name of ['client', '.codex-acc1']) mkdirSync(join(home, name), { mode: 0o700 });
  writeFileSync(join(home, '.codex-acc1/auth.json'), forgeAuth(), { mode: 0o600 });
  make(paths);
  const invocation = parseArgv(word.split(' '));
  if (invocation.mode !== 'passthrough') throw new Error('a session');
  return runCodexLogin(invocation, paths, { cwd: home, env });
}

const nothing = () => undefined;
const putClient = (paths: Paths) => writeFileSync(join(paths.sharedHome, 'auth.json'), CLIENT);
const link = (paths: Paths) =>
  symlinkSync('../.codex-acc1/auth.json', join(paths.sharedHome, 'auth.json'));

test.each<[string, string, string | undefined, (paths: Paths) => void]>([
  ['in a home of its own without a login', 'login', 'client', nothing],
  ['in a home with a login of no target', 'login --device-auth', 'client', putClient],
  ['a logout there', 'logout', 'client', putClient],
  ['a look at the login', 'login status', undefined, nothing],
])('Codex’s own: %s', async (_what, words, codexHome, make) => {
  expect(await runIn(words, codexHome, make)).toBeUndefined();
});

test.each<[string, string, string | undefined, (paths: Paths) => void]>([
  ['in the default home', 'login', undefined, nothing],
  ['a logout there', 'logout', undefined, nothing],
  ['in a home that is linked to a vault', 'login', 'client', link],
  ['in a vault', 'logout', '.codex-acc1', nothing],
])('ours, as it would revoke a stored account: %s', async (_what, words, codexHome, make) => {
  await expect(runIn(words, codexHome, make)).rejects.toMatchObject({ code: 'usage' });
});
