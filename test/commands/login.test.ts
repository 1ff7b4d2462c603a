import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

let backend: Backend;
let sandbox: Sandbox;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
  sandbox = await makeSandbox({ backend, accounts: ['acc1'] });
});
afterAll(async () => {
  await sandbox.dispose();
  await backend.close();
});

const hotswap = (...args: string[]) => sandbox.run(process.execPath, [COMMAND, ...args]);
const logIn = (target: string) =>
  hotswap('login', target, '--device-auth', '--', '--experimental_issuer', backend.origin);

test('the real codex login fills the vault, and revokes no account', async () => {
  expect((await hotswap('setup')).status).toBe(0);
  backend.expectLogin('acc2');
  const done = await logIn('acc2');
  expect(done.stdout).toMatch(/acc2 is now logged in as .*acc2.*\n$/);
  expect(done.status).toBe(0);
  const status = JSON.parse((await hotswap('status', '--json')).stdout);
  expect(status.targets.map(({ state }: { state: string }) => state)).toEqual(['ready', 'ready']);

  // Once more in the same target: a login in a used home would have revoked it (fact 21).
  backend.expectLogin('acc2');
  expect((await logIn('acc2')).stdout).toContain('acc2 is logged in again as');
  expect(backend.tokens.counts.revocations).toBe(0);
});

test('a login as the account of another target changes nothing', async () => {
  const file = join(sandbox.home, '.codex-acc2/auth.json');
  const before = await readFile(file, 'utf8');
  backend.expectLogin('acc1');
  const refused = await logIn('acc2');
  expect(refused.status).toBe(65);
  expect(refused.stderr).toContain('is already the account of acc1');
  expect(await readFile(file, 'utf8')).toBe(before);
});

test('plain codex shares the login of the current target', async () => {
  await hotswap('use', 'acc2');
  const { stdout, stderr } = await sandbox.run('codex', ['login', 'status']);
  expect(stdout + stderr).toContain('Logged in using ChatGPT');
});

test('killed in the middle, a login has changed nothing, and the next one clears up after it', async () => {
  const file = join(sandbox.home, '.codex-acc2/auth.json');
  const before = await readFile(file, 'utf8');
  const codes = backend.userCodes.length;
  const child = spawn(
    process.execPath,
    [COMMAND, 'login', 'acc2', '--device-auth', '--', '--experimental_issuer', backend.origin],
    { env: sandbox.env, cwd: sandbox.work, stdio: 'ignore', detached: true },
  );
  await expect.poll(() => backend.userCodes.length, { timeout: 15_000 }).toBe(codes + 1);
  process.kill(-(child.pid as number), 'SIGKILL');
  await once(child, 'exit');
  expect(await readFile(file, 'utf8')).toBe(before);
  const homes = join(sandbox.home, '.local/state/codex-hotswap/login');
  expect(await readdir(homes)).toHaveLength(1);

  backend.expectLogin('acc2');
  expect((await logIn('acc2')).status).toBe(0);
  expect(await readdir(homes)).toEqual([]);
  expect(backend.tokens.counts.revocations).toBe(0);
});

test('--move takes the account away from the other target; an API key comes through stdin', async () => {
  await hotswap('setup', '--force', '--accounts', 'third');
  backend.expectLogin('acc1');
  const moved = await hotswap(
    'login',
    'third',
    '--move',
    '--device-auth',
    '--',
    '--experimental_issuer',
    backend.origin,
  );
  expect(moved.stdout).toContain('acc1 has no login any more');
  const key = await sandbox.run(process.execPath, [COMMAND, 'login', 'acc1', '--with-api-key'], {
    input: 'sk-lab-0123456789\n',
  });
  expect(key.status).toBe(0);
  expect(key.stdout + key.stderr).not.toContain('sk-lab');
  const status = JSON.parse((await hotswap('status', '--json')).stdout);
  expect(status.targets.map(({ state }: { state: string }) => state)).toEqual([
    'ready',
    'ready',
    'ready',
  ]);
  expect(backend.tokens.counts.revocations).toBe(0);
});
