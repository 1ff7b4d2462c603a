import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuthJson, Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { itSince } from '../lab/playable.ts';
import { waitForNoStrays } from '../lab/strays.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

const itRefreshesLate = itSince(
  '0.144.0',
  'its app-server leaves a token in its last minutes alone, so the keeper gets no new one',
);

const itRefusesFirst = itSince(
  '0.150.0',
  'under load it tells of an account before the service has refused its token (2 of 6)',
);

// Codex refreshes a token in its last 5 minutes, several at once spend one refresh token twice (fact 16), and the lab
// revokes the account then. So it must never get there.

const { openLab, close } = createSupervisedLab();
afterEach(close);

/** Less than the margin, more than Codex's own 5 minutes. */
const STALE = { expiresInSeconds: 900 };
/** Codex would refresh it itself. */
const DYING = { expiresInSeconds: 100 };
/** It would by the time that it asks for something. */
const LEAVING = { expiresInSeconds: 301 };

describe('before a launch', () => {
  itRefreshesLate(
    'six at once on a token in its last minutes: one refresh, and all six run',
    async () => {
      const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
      await hotswap.sandbox.writeVault('acc1', DYING);
      const runs = await Promise.all([...Array(6).keys()].map((i) => exec(hotswap, `task ${i}`)));
      expect(runs.map(({ status }) => status)).toEqual(Array(6).fill(0));
      expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
      expectNewest(backend, hotswap, 'acc1');
      expect(hotswap.eventsOf('refreshed')).toMatchObject([{ target: 'acc1' }]);
    },
  );

  itRefreshesLate(
    'six at once on one that is there as soon as they have started: none of them spends it',
    async () => {
      const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
      await hotswap.sandbox.writeVault('acc1', LEAVING);
      const runs = await Promise.all([...Array(6).keys()].map((i) => exec(hotswap, `task ${i}`)));
      expect(runs.map(({ status }) => status)).toEqual(Array(6).fill(0));
      // The keeper's Codex, asked to while the token gets there by itself, may refresh more than once, one after the other.
      expect(backend.tokens.counts.refreshes).toBeGreaterThan(0);
      expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
      expectNewest(backend, hotswap, 'acc1');
      expect(hotswap.eventsOf('refreshed')).toMatchObject([{ target: 'acc1' }]);
    },
  );

  it('six at once on one that is not that old: none waits, one refresh', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
    await hotswap.sandbox.writeVault('acc1', STALE);
    const runs = await Promise.all([...Array(6).keys()].map((i) => exec(hotswap, `task ${i}`)));
    expect(runs.map(({ status }) => status)).toEqual(Array(6).fill(0));
    await hotswap.waitForEvent('refreshed');
    expect(await waitForNoStrays(hotswap.sandbox.home, 20_000)).toBe(true);
    expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
    expectNewest(backend, hotswap, 'acc1');
  });

  it('a young token costs nothing: no process, no request', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
    expect((await exec(hotswap, 'hello')).status).toBe(0);
    expect(backend.tokens.counts.refreshes).toBe(0);
    expect(hotswap.eventsOf('refreshed')).toEqual([]);
  });

  itRefreshesLate('a refresh that fails holds nobody up, and is tried again later', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }], {
      backend: { refreshes: 'fail' },
    });
    await hotswap.sandbox.writeVault('acc1', STALE);
    expect((await exec(hotswap, 'hello')).status).toBe(0);
    await hotswap.waitForEvent('refresh-failed');
    expect(hotswap.account('acc1').marks).toEqual([]);
    expect(await waitForNoStrays(hotswap.sandbox.home, 20_000)).toBe(true);

    backend.switches.refreshes = 'answer';
    await hotswap.sandbox.writeVault('acc1', DYING);
    // An old failure: this one may try again at once.
    await hotswap.sandbox.run('touch', [
      '-d',
      '2 minutes ago',
      join(hotswap.sandbox.home, '.local/state/codex-hotswap/locks/acc1:failed'),
    ]);
    expect((await exec(hotswap, 'hello')).status).toBe(0);
    expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
  });

  itRefusesFirst(
    'a refresh token that is dead: the account is marked, and the next one is used',
    async () => {
      const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
      await hotswap.sandbox.writeVault('acc1', DYING);
      backend.revokeAccount('acc1');
      const run = await exec(hotswap, 'hello');
      expect(run.stderr).toMatch(
        /acc1 needs a new login \(codex-hotswap login acc1\), so the next/,
      );
      expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/from acc2/) });
      expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'needs-login', until: null }]);
      expect(hotswap.eventsOf('needs-login')).toMatchObject([{ target: 'acc1' }]);
    },
  );
});

itRefreshesLate('an account that a session goes on with is made young first', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
  await hotswap.sandbox.writeVault('acc2', DYING);
  const terminal = hotswap.open();
  await ask(terminal, 'the first question');
  await terminal.waitForText(/answer \d+ from acc1/);
  await ask(terminal, 'the question too many');
  await terminal.waitForText(/answer \d+ from acc2/);
  await quit(terminal);
  expect(hotswap.eventsOf('refreshed')).toMatchObject([{ target: 'acc2' }]);
  expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
});

it('a login in doubt, however young or old: refreshed if it works, else the account needs a login', async () => {
  const names = ['acc1', 'acc2', 'acc3'];
  const { backend, hotswap } = await openLab(names.map((name) => ({ name })));
  await hotswap.sandbox.writeVault('acc3', DYING);
  for (const name of ['acc2', 'acc3']) backend.revokeAccount(name);
  const worker = join(import.meta.dirname, '../../dist/bin/keeper.js');
  for (const name of names) {
    const args = [worker, name, codexUnderTest.native, 'suspect'];
    expect((await hotswap.sandbox.run(process.execPath, args)).status).toBe(0);
  }
  expect(backend.tokens.counts).toMatchObject({ refreshes: 1, reuses: 0 });
  expectNewest(backend, hotswap, 'acc1');
  expect(hotswap.eventsOf('refreshed')).toMatchObject([{ target: 'acc1' }]);
  for (const name of ['acc2', 'acc3']) {
    expect(hotswap.account(name).marks).toMatchObject([{ kind: 'needs-login', until: null }]);
  }
});

// Its app-server then tells of no account, as it does of one that the service has refused.
it.each([
  ['a workspace that is forced', 'forced_chatgpt_workspace_id = "w-nobody"\n', 'fail'],
  ['a way to log in that is forced', 'forced_login_method = "api"\n', 'fail'],
  ['a provider that has no use for accounts', 'model_provider = "lab"\n', 'fail'],
  ['a keyring', 'cli_auth_credentials_store = "keyring"\n', 'answer'],
] as const)('%s brands no account in doubt', async (_what, setting, refreshes) => {
  const { backend, hotswap } = await openLab([{ name: 'acc1' }], { backend: { refreshes } });
  const { sandbox } = hotswap;
  const file = join(sandbox.codexHome, 'config.toml');
  const others = readFileSync(file, 'utf8').replace(/^cli_auth_credentials_store.*$/m, '');
  const provider = `[model_providers.lab]\nname = "lab"\nbase_url = "${backend.origin}/v1"\n`;
  writeFileSync(file, `${setting}${others}${provider}`);
  const worker = join(import.meta.dirname, '../../dist/bin/keeper.js');
  const args = [worker, 'acc1', codexUnderTest.native, 'suspect'];
  expect((await sandbox.run(process.execPath, args)).status).toBe(0);
  expect(hotswap.eventsOf('needs-login')).toEqual([]);
  const outcome = refreshes === 'answer' ? 'refreshed' : 'refresh-failed';
  expect(hotswap.eventsOf(outcome)).toMatchObject([{ target: 'acc1' }]);
  expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
});

itRefusesFirst('one whose login turns out to be dead is passed over', async () => {
  const accounts = [{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }, { name: 'acc3' }];
  const { backend, hotswap } = await openLab(accounts);
  await hotswap.sandbox.writeVault('acc2', DYING);
  backend.revokeAccount('acc2');
  const run = await exec(hotswap, 'hello');
  expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/from acc3/) });
  expect(hotswap.account('acc2').marks).toMatchObject([{ kind: 'needs-login' }]);
});

it('while a session runs, before its Codex would: that goes on with the new token', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1' }], {
    settings: { refreshMarginSeconds: 310 },
  });
  await hotswap.sandbox.writeVault('acc1', { expiresInSeconds: 315 });
  const terminal = hotswap.open();
  await ask(terminal, 'the first question');
  await terminal.waitForText(/answer \d+ from acc1/);
  await hotswap.waitForEvent('refreshed', 1, 30_000);
  await ask(terminal, 'the second question');
  await backend.waitForRequest(
    ({ turn, outcome }) =>
      outcome?.kind === 'answered' && turn?.userTexts.includes('the second question') === true,
  );
  await quit(terminal);
  expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
  expectNewest(backend, hotswap, 'acc1');
});

itRefreshesLate(
  'kill -9 of the session in mid-refresh: the new token is in the vault all the same',
  async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
    await hotswap.sandbox.writeVault('acc1', DYING);
    const release = backend.hold('refreshes');
    const terminal = hotswap.open();
    await backend.waitForRequest(({ route }) => route === 'token');
    process.kill(terminal.pid, 'SIGKILL');
    await terminal.waitForExit();
    release();
    await hotswap.waitForEvent('refreshed');
    expect(await waitForNoStrays(hotswap.sandbox.home, 20_000)).toBe(true);
    expectNewest(backend, hotswap, 'acc1');
    expect((await exec(hotswap, 'hello')).status).toBe(0);
    expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
  },
);

function exec(hotswap: Supervised, prompt: string) {
  const [file = '', ...first] = hotswap.commandLine();
  return hotswap.sandbox.run(file, [...first, 'exec', prompt], { timeoutMs: 50_000 });
}

/** The vault holds the one refresh token that is not spent. */
function expectNewest(backend: Backend, { sandbox }: Supervised, name: string): void {
  const file = join(sandbox.home, `.codex-${name}`, 'auth.json');
  const { tokens } = JSON.parse(readFileSync(file, 'utf8')) as AuthJson;
  const issued = backend.tokens.all().filter((token) => token.startsWith(`lab-refresh-${name}-`));
  expect(tokens.refresh_token).toBe(issued.at(-1));
}
