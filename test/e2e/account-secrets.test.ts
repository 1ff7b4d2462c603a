import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { makeLoginSandbox } from '../lab/codex-with-issuer.ts';
import type { Sandbox } from '../lab/sandbox.ts';
import { findStrays } from '../lab/strays.ts';

// Everything a person does with accounts, and no token where it does not belong. Sessions have a test of their own.

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
const API_KEY = 'sk-lab-0123456789abcdef';

let backend: Backend;
let box: Sandbox;

beforeAll(async () => {
  backend = await startBackend({
    accounts: [{ name: 'acc1' }, { name: 'acc2' }, { name: 'acc3' }],
  });
  box = await makeLoginSandbox({ backend, login: 'acc1' });
});
afterAll(async () => {
  await box.dispose();
  await backend.close();
});

test('no token in output, log, command lines, environments, nor in any file but the logins', async () => {
  const seen: string[] = [];
  const hotswap = async (args: string[], input = '') => {
    const { status, stdout, stderr } = await box.run(process.execPath, [COMMAND, ...args], {
      input,
    });
    seen.push(stdout, stderr);
    return status;
  };
  const logIn = async (account: string, ...args: string[]) => {
    backend.expectLogin(account);
    return hotswap(['login', ...args, '--device-auth']);
  };
  const watch = setInterval(() => seen.push(...listProcessTexts()), 20);

  expect(await hotswap(['import', '--as', 'main'])).toBe(0);
  expect(await hotswap(['setup', '--force', '--accounts', 'work,spare,key'])).toBe(0);
  expect(await logIn('acc2', 'work')).toBe(0);
  expect(await logIn('acc2', 'work')).toBe(0);
  expect(await logIn('acc1', 'spare')).toBe(65);
  expect(await logIn('acc2', 'spare', '--move')).toBe(0);
  expect(await logIn('acc3', 'spare', '--replace-account')).toBe(0);
  expect(await hotswap(['login', 'key', '--with-api-key'], `${API_KEY}\n`)).toBe(0);
  await box.writeVault('acc1', { directory: join(box.home, '.codex-main'), expiresInSeconds: 60 });
  expect(await hotswap(['refresh', 'main', 'spare'])).toBe(0);
  for (const words of [
    'status',
    'status --json',
    'doctor',
    'doctor --json',
    'doctor --fix',
    'use spare',
    'next',
    'current',
    'config list',
    'rename spare third',
    'disable',
    'enable third',
    'remove third --yes',
    'log',
    'log --json',
    'uninstall',
  ]) {
    await hotswap(words.split(' '));
  }
  clearInterval(watch);

  const secrets = [...backend.tokens.all().map((token) => token.split('.')[1] ?? token), API_KEY];
  expect(secrets.length).toBeGreaterThan(15);
  const leaks = (text: string) => secrets.some((secret) => text.includes(secret));
  expect(seen.filter(leaks)).toEqual([]);
  const places = listFiles(box.home).filter((file) =>
    leaks(readFileSync(join(box.home, file), 'latin1')),
  );
  expect(places.filter((file) => !IS_LOGIN.test(file))).toEqual([]);
  expect(places).toContain('.codex-main/auth.json');
  expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
});

/** A vault and its last good copy, the shared home's own login after `uninstall`, and logins of no target that are kept. */
const IS_LOGIN =
  /^(\.codex[^/]*\/auth\.json(\.last-good)?|\.local\/state\/codex-hotswap\/orphans\/auth-[^/]*\.json(-\d+)?)$/;

function listFiles(home: string): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)));
}

function listProcessTexts(): string[] {
  return findStrays(box.home).flatMap(({ pid }) =>
    ['cmdline', 'environ'].map((name) => {
      try {
        return readFileSync(`/proc/${pid}/${name}`, 'utf8');
      } catch {
        return '';
      }
    }),
  );
}
