import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AuthJson, type Backend, startBackend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../lab/overlay-homes.ts';
import { quit } from '../lab/supervised.ts';

// One credential file per account: what Codex renews in an overlay is in the vault, and everybody goes on with it.
// A spent refresh token used again would revoke the account here (fact 16).

const { openHome, close } = createOverlayHomes();
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
});
afterAll(() => backend.close());
afterEach(async () => {
  await close();
  backend.account('acc1').turnsLeft = Number.POSITIVE_INFINITY;
});

/** Every Codex renews a token that has run out; newer ones do so in its last five minutes (fact 14). */
const SHORT = { expiresInSeconds: 0 };

describe('a token renewed in a session is in the vault', () => {
  it.each(['exec', 'the terminal'])('%s', async (kind) => {
    const home = await openHome(backend, ['acc1']);
    const vault = await home.box.writeVault('acc1', SHORT);
    const before = readLogin(vault);
    const { refreshes } = backend.tokens.counts;

    if (kind === 'exec') expect((await home.box.run(home.codex, ['exec', 'hello'])).status).toBe(0);
    else await askOnce(home);
    expect(backend.tokens.counts.refreshes).toBe(refreshes + 1);
    const after = readLogin(vault);
    expect(after.tokens.refresh_token).not.toBe(before.tokens.refresh_token);
    expectSafe(vault);

    // Plain Codex shares it through the shared home, and so does the next session.
    const shared = join(home.box.codexHome, 'auth.json');
    expect(readlinkSync(shared)).toBe(vault);
    for (const file of [home.real, home.codex]) {
      expect((await home.box.run(file, ['exec', 'hello'])).status).toBe(0);
    }
    expect(backend.tokens.counts).toMatchObject({
      refreshes: refreshes + 1,
      reuses: 0,
      revocations: 0,
    });
  });

  it('of the successor too, after a handoff', async () => {
    backend.account('acc1').turnsLeft = 1;
    const home = await openHome(backend, ['acc1', 'acc2']);
    const vaults = [
      await home.box.writeVault('acc1', SHORT),
      await home.box.writeVault('acc2', SHORT),
    ];
    const before = vaults.map(readLogin);
    const terminal = home.open();
    await ask(terminal, 'the first question');
    await terminal.waitForText(/answer \d+ from acc1/);
    await ask(terminal, 'the question too many');
    await terminal.waitForText(/answer \d+ from acc2/);
    await quit(terminal);

    for (const [index, vault] of vaults.entries()) {
      const login = readLogin(vault);
      expect(login.tokens.account_id).toBe(before[index]?.tokens.account_id);
      expect(login.tokens.refresh_token).not.toBe(before[index]?.tokens.refresh_token);
      expectSafe(vault);
    }
    expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
  });

  it('renewed by plain Codex it serves the next session', async () => {
    const home = await openHome(backend, ['acc1']);
    const vault = await home.box.writeVault('acc1', SHORT);
    const { refreshes } = backend.tokens.counts;
    expect((await home.box.run(home.real, ['exec', 'hello'])).status).toBe(0);
    expectSafe(vault);
    await askOnce(home);
    expect(backend.tokens.counts).toMatchObject({
      refreshes: refreshes + 1,
      reuses: 0,
      revocations: 0,
    });
  });
});

async function askOnce(home: OverlayHome): Promise<void> {
  const terminal = home.open();
  await ask(terminal, 'hello');
  await terminal.waitForText(/answer \d+ from/);
  await quit(terminal);
}

function readLogin(file: string): AuthJson {
  return JSON.parse(readFileSync(file, 'utf8')) as AuthJson;
}

/** A file of its own with one name, for its owner alone; nothing half-written beside it. */
function expectSafe(vault: string): void {
  const stats = lstatSync(vault);
  expect(stats.isFile() && stats.nlink === 1).toBe(true);
  expect(stats.mode & 0o777).toBe(0o600);
  const known = /^auth\.json(\.lock|\.last-good)?$/;
  expect(listNames(join(vault, '..')).filter((name) => !known.test(name))).toEqual([]);
}
