import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAccountState, writeAccountState } from '../../../src/accounts/account-state.ts';
import { nameFor } from '../../../src/accounts/keep-as-target.ts';
import { moveForeignLogin } from '../../../src/accounts/move-foreign-login.ts';
import { holdsForeignLogin, type TargetWithForeignLogin } from '../../../src/accounts/owner.ts';
import { accountLock, readTargets } from '../../../src/accounts/target-snapshot.ts';
import { reconcileLogins } from '../../../src/launch/reconcile-logins.ts';
import {
  CONFIG_DEFAULTS,
  type Config,
  defaultVault,
  readConfig,
} from '../../../src/state/config.ts';
import { updateConfig } from '../../../src/state/config-store.ts';
import { tryLock } from '../../../src/state/lock.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

const NOW = new Date('2026-11-21T03:00:00Z');
const STRANGER = forgeAuth({ user: 'eve', account: 'w-eve' });

function configOf(paths: Paths, names: string[]): Config {
  const targets = names.map((name) => ({ name, vault: defaultVault(paths, name), enabled: true }));
  return { version: 1, targets, rules: [], ...CONFIG_DEFAULTS };
}

async function makeHome(names = ['a', 'b']) {
  const paths = makeScratchHome();
  const config = configOf(paths, names);
  await updateConfig(paths, () => config);
  const vault = (name: string) => join(defaultVault(paths, name), 'auth.json');
  let writes = 0;
  const write = (name: string, content: string) => {
    mkdirSync(dirname(vault(name)), { recursive: true, mode: 0o700 });
    writeFileSync(vault(name), content, { mode: 0o600 });
    // The clock of a file system ticks every 4 ms; two writes of a person are farther apart.
    writes += 10;
    const at = new Date(statSync(vault(name)).mtimeMs + writes);
    utimesSync(vault(name), at, at);
  };
  for (const name of names) write(name, forgeAuth({ user: name, account: `w-${name}` }));
  await reconcileLogins(paths, config, NOW); // whose each is, is on record
  const settle = () => reconcileLogins(paths, readConfig(paths) as Config, NOW);
  const targetNames = () => (readConfig(paths) as Config).targets.map(({ name }) => name);
  return { paths, vault, write, settle, names: targetNames };
}

const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

test('without a copy of its own login the target needs a new one', async () => {
  const { paths, vault, write, settle } = await makeHome();
  rmSync(`${vault('a')}.last-good`);
  write('a', STRANGER);
  const { lines, suspects } = await settle();
  expect(lines[0]).toContain('a needs a new login');
  expect([read(vault('a')), read(vault('eve')), suspects]).toEqual([undefined, STRANGER, []]);
  expect(readAccountState(paths, 'a').state.marks[0]?.kind).toBe('needs-login');
});

test('two accounts that were exchanged are exchanged again, the newest of each', async () => {
  const { vault, write, settle } = await makeHome();
  const newer = (user: string) =>
    forgeAuth({ user, account: `w-${user}`, issuedAt: 1_800_000_500 });
  write('a', newer('b'));
  write('b', newer('a'));
  await settle();
  await settle();
  expect([read(vault('a')), read(vault('b'))]).toEqual([newer('a'), newer('b')]);
});

describe('the last good copy', () => {
  const of = (issuedAt: number) => forgeAuth({ user: 'a', account: 'w-a', issuedAt });

  test('follows a newer login, and comes back over an older one of the same account', async () => {
    const { paths, vault, write, settle } = await makeHome();
    write('a', of(1_800_000_500));
    await settle();
    expect(read(`${vault('a')}.last-good`)).toBe(of(1_800_000_500));
    expect(statSync(`${vault('a')}.last-good`).mode & 0o777).toBe(0o600);
    write('a', of(1_800_000_100));
    const { lines, suspects } = await settle();
    expect(lines).toEqual([
      expect.stringContaining('another program has written an older login into the directory of'),
    ]);
    expect([read(vault('a')), suspects]).toEqual([of(1_800_000_500), ['a']]);
    const [orphan] = readdirSync(paths.orphansDir);
    expect(read(join(paths.orphansDir, orphan as string))).toBe(of(1_800_000_100));
    expect((await settle()).lines).toEqual([]);
  });

  test('comes back over something that is no login, when nobody is writing it any more', async () => {
    const { vault, write, settle } = await makeHome();
    const own = read(vault('a'));
    write('a', '{"tokens":');
    utimesSync(vault('a'), NOW, NOW);
    expect((await settle()).lines).toEqual([]);
    const before = new Date(NOW.getTime() - 61_000);
    utimesSync(vault('a'), before, before);
    expect((await settle()).lines).toEqual([
      expect.stringContaining('a text that is no login into the directory of'),
    ]);
    expect(read(vault('a'))).toBe(own);
  });

  test('comes back where the login was deleted, but not into a Codex home that was logged out', async () => {
    const { paths, vault, settle } = await makeHome();
    const own = read(vault('a'));
    rmSync(vault('a'));
    const home = { ...paths, sharedHome: dirname(vault('a')) };
    expect((await reconcileLogins(home, readConfig(paths) as Config, NOW)).lines).toEqual([]);
    const { lines, suspects } = await settle();
    expect(lines).toEqual([expect.stringContaining('auth.json was gone from the directory of a')]);
    expect([read(vault('a')), suspects]).toEqual([own, ['a']]); // the service tells whether it was revoked
    expect((await settle()).lines).toEqual([]);
  });

  test('costs no reading when it is up to date', async () => {
    const { vault, settle } = await makeHome();
    const copy = `${vault('a')}.last-good`;
    const before = statSync(copy);
    await settle();
    expect(statSync(copy)).toMatchObject({ ino: before.ino, ctimeMs: before.ctimeMs });
  });
});

describe('a stranger in a vault', () => {
  test('gets a vault of its own, once, switched off; the target gets its own login back', async () => {
    const { paths, vault, write, settle, names } = await makeHome();
    const own = read(vault('a'));
    write('a', STRANGER);
    const { config, lines, suspects } = await settle();
    expect(lines).toEqual([expect.stringContaining('kept as account eve, switched off')]);
    expect(lines[0]).toContain('a has its own login again');
    expect(config.targets.at(-1)).toMatchObject({ name: 'eve', enabled: false });
    expect([read(vault('a')), read(vault('eve'))]).toEqual([own, STRANGER]);
    expect(readAccountState(paths, 'a').state.marks).toEqual([]);
    expect(suspects).toEqual(['a']); // its refresh token may be spent
    expect((await settle()).lines).toEqual([]);
    expect(names()).toEqual(['a', 'b', 'eve']);
  });

  test('newer than that of its own target takes its place; older is kept beside; neither is lost', async () => {
    for (const issuedAt of [1_800_000_500, 1_799_999_500]) {
      const { paths, vault, write, settle, names } = await makeHome();
      const own = read(vault('a'));
      const before = read(vault('b')) as string;
      const login = forgeAuth({ user: 'b', account: 'w-b', issuedAt });
      write('a', login);
      await settle();
      const [winner, loser] = issuedAt > 1_800_000_000 ? [login, before] : [before, login];
      expect([read(vault('a')), read(vault('b'))]).toEqual([own, winner]);
      const [orphan] = readdirSync(paths.orphansDir);
      expect(read(join(paths.orphansDir, orphan as string))).toBe(loser);
      expect(names()).toEqual(['a', 'b']);
    }
  });

  test.each(['record', 'configuration'])(
    'interrupted after its %s was written, the move is finished under the same name',
    async (step) => {
      const { paths, vault, write, settle, names } = await makeHome();
      const own = read(vault('a'));
      write('a', STRANGER);
      const identity = { userId: 'eve', accountId: 'w-eve', email: 'eve@example.com' };
      writeAccountState(paths, { version: 1, target: 'eve', identity, marks: [] });
      if (step === 'configuration')
        await updateConfig(paths, () => configOf(paths, ['a', 'b', 'eve']));
      await settle();
      expect(names()).toEqual(['a', 'b', 'eve']);
      expect([read(vault('a')), read(vault('eve'))]).toEqual([own, STRANGER]);
    },
  );

  test('waits for whoever refreshes either vault, and meets what came of it', async () => {
    const { paths, vault, write, settle } = await makeHome();
    const own = read(vault('a'));
    const login = (issuedAt: number) => forgeAuth({ user: 'b', account: 'w-b', issuedAt });
    for (const name of ['a', 'b']) {
      write('a', login(1_800_000_500));
      const keeper = tryLock(accountLock(paths, name));
      const config = readConfig(paths) as Config;
      const stranger = readTargets(paths, config).find(holdsForeignLogin) as TargetWithForeignLogin;
      const early = await moveForeignLogin(paths, config, stranger, { now: NOW, lockMs: 0 });
      expect(early.lines.join()).toContain('is being refreshed');
      expect(read(vault('a'))).toBe(login(1_800_000_500));

      const settling = settle();
      write('b', login(1_800_000_900)); // what the refresh brought
      keeper?.release();
      await settling;
      expect([read(vault('a')), read(vault('b'))]).toEqual([own, login(1_800_000_900)]);
      const next = tryLock(accountLock(paths, name));
      expect(next).toBeDefined(); // it was let go
      next?.release();
    }
    const kept = readdirSync(paths.orphansDir).map((name) => read(join(paths.orphansDir, name)));
    expect(kept).toContain(login(1_800_000_500));
  });

  test('that was replaced by its owner’s login meanwhile is let be', async () => {
    const { paths, vault, write } = await makeHome();
    write('a', STRANGER);
    const config = readConfig(paths) as Config;
    const stranger = readTargets(paths, config).find(holdsForeignLogin) as TargetWithForeignLogin;
    const again = forgeAuth({ user: 'a', account: 'w-a', issuedAt: 1_800_000_500 });
    write('a', again);
    expect(await moveForeignLogin(paths, config, stranger, { now: NOW })).toEqual({
      config,
      lines: [],
    });
    expect(read(vault('a'))).toBe(again);
    expect(readAccountState(paths, 'a').state.marks).toEqual([]);
  });

  test('that cannot be moved is told, and stays', async () => {
    const { paths, vault, write } = await makeHome();
    write('a', STRANGER);
    writeFileSync(paths.configFile, '{"version":1,"targets":'); // somebody edits it right now
    const { problem } = await reconcileLogins(paths, configOf(paths, ['a', 'b']), NOW);
    expect(problem).toContain('could not be put in order');
    expect(read(vault('a'))).toBe(STRANGER);
  });
});

test.each([
  ['eve@example.com', 'eve'],
  ['a@example.com', 'a-2'],
  ['A@example.com', 'A-2'],
  ['x y+z@example.com', 'x-y-z'],
  ['..@example.com', 'login-2'],
  [undefined, 'login-2'],
  [`${'long'.repeat(20)}@example.com`, 'login-2'],
  ['taken@example.com', 'taken-2'],
])('%s is called %s', async (email, name) => {
  const { paths } = await makeHome(['a']);
  mkdirSync(join(paths.home, '.codex-taken'));
  writeFileSync(join(paths.home, '.codex-taken', 'notes'), 'mine');
  const identity = { userId: 'u', accountId: 'w', ...(email === undefined ? {} : { email }) };
  expect(nameFor(identity, configOf(paths, ['a']), paths)).toBe(name);
});
