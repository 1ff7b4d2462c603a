import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { noticeLogout } from '../../../src/accounts/notice-logout.ts';
import { linkSharedLogin } from '../../../src/accounts/shared-login.ts';
import { listVaults, readTargets } from '../../../src/accounts/target-snapshot.ts';
import { CONFIG_DEFAULTS, type Config, defaultVault } from '../../../src/state/config.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

const NOW = new Date('2026-11-21T03:00:00Z');
const loginOf = (name: string, issuedAt = 1_790_000_000) =>
  forgeAuth({ user: name, account: `w-${name}`, issuedAt });

function makeHome() {
  const paths = makeScratchHome();
  const targets = ['a', 'b'].map((name) => ({
    name,
    vault: defaultVault(paths, name),
    enabled: true,
  }));
  const config: Config = { version: 1, targets, rules: [], ...CONFIG_DEFAULTS };
  const vault = (name: string) => join(defaultVault(paths, name), 'auth.json');
  for (const { name } of targets) {
    mkdirSync(dirname(vault(name)), { mode: 0o700 });
    writeFileSync(vault(name), loginOf(name), { mode: 0o600 });
  }
  const snapshots = () => readTargets(paths, config);
  return {
    paths,
    vault,
    shared: join(paths.sharedHome, 'auth.json'),
    notice: (options = {}) => noticeLogout(paths, snapshots(), NOW, options),
    prime: (name: string, asked = false) =>
      linkSharedLogin(paths, vault(name), listVaults(snapshots()), { asked }).kind,
    marks: (name: string) => readAccountState(paths, name).state.marks.map(({ kind }) => kind),
  };
}

const NOTHING = { lines: [], suspects: [] };

test('a link of ours that is gone is put back and told once; its account is doubted, not marked', () => {
  const { shared, vault, notice, prime, marks } = makeHome();
  expect(notice()).toEqual(NOTHING);
  expect(prime('a')).toBe('linked');
  expect(notice()).toEqual(NOTHING);
  rmSync(shared);
  expect(notice()).toEqual({
    lines: [expect.stringContaining('a still has its login, so the link was put back')],
    suspects: ['a'],
  });
  expect(readlinkSync(shared)).toBe(vault('a'));
  expect(notice()).toEqual(NOTHING);
  expect(marks('a')).toEqual([]);
});

test.each([
  ['of a stranger', () => loginOf('eve'), 'is none of your accounts'],
  ['of another account', () => loginOf('b', 1_795_000_000), 'b has that login now'],
])('a login %s in its place: the account that was there is doubted', (_, text, line) => {
  const { shared, notice, prime, marks } = makeHome();
  prime('a');
  rmSync(shared);
  writeFileSync(shared, text(), { mode: 0o600 });
  expect(notice()).toEqual({ lines: [expect.stringContaining(line)], suspects: ['a'] });
  expect(notice()).toEqual(NOTHING);
  expect(marks('a')).toEqual([]);
});

test('something that is no login in its place is left, and the account doubted', () => {
  const { shared, notice, prime } = makeHome();
  prime('a');
  rmSync(shared);
  writeFileSync(shared, '{"OPENAI_API');
  expect(notice().suspects).toEqual(['a']);
  expect(notice()).toEqual(NOTHING);
  expect(readFileSync(shared, 'utf8')).toBe('{"OPENAI_API');
});

test('without a login in the vault nothing is put back or doubted', () => {
  const { shared, vault, notice, prime } = makeHome();
  prime('a');
  rmSync(shared);
  rmSync(vault('a'));
  expect(notice()).toEqual(NOTHING);
  expect(lstatSync(shared, { throwIfNoEntry: false })).toBeUndefined();
  expect(prime('b')).toBe('logged-out');
  expect(prime('b', true)).toBe('linked');
});

test('before it is noticed, a handoff puts no link back either', () => {
  const { shared, prime } = makeHome();
  prime('a');
  rmSync(shared);
  expect(prime('b')).toBe('logged-out');
});

test('a link to another vault of ours is followed, one that never was is nothing', () => {
  const { shared, notice, prime } = makeHome();
  prime('a');
  prime('b');
  rmSync(shared);
  expect(notice().suspects).toEqual(['b']);
});

test('a file of a known account after `uninstall` is left until a launch', () => {
  const { shared, vault, notice } = makeHome();
  writeFileSync(shared, loginOf('b', 1_795_000_000), { mode: 0o600 });
  expect(notice()).toEqual(NOTHING);
  expect(lstatSync(shared).isFile()).toBe(true);
  expect(notice({ isLaunch: true })).toEqual(NOTHING);
  expect(readlinkSync(shared)).toBe(vault('b'));
  expect(readFileSync(vault('b'), 'utf8')).toBe(loginOf('b', 1_795_000_000));
});

test('a file of nobody we know is left for good', () => {
  const { shared, notice } = makeHome();
  writeFileSync(shared, loginOf('eve'), { mode: 0o600 });
  expect(notice({ isLaunch: true })).toEqual(NOTHING);
  expect(readFileSync(shared, 'utf8')).toBe(loginOf('eve'));
});
