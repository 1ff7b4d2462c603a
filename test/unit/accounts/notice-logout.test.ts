import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { clearMarks, readAccountState } from '../../../src/accounts/account-state.ts';
import { noticeLogout } from '../../../src/accounts/notice-logout.ts';
import { primeSharedAuth } from '../../../src/accounts/prime.ts';
import { listVaults, readStandings } from '../../../src/accounts/standing.ts';
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
  const config: Config = { version: 1, targets, ...CONFIG_DEFAULTS };
  const vault = (name: string) => join(defaultVault(paths, name), 'auth.json');
  for (const { name } of targets) {
    mkdirSync(dirname(vault(name)), { mode: 0o700 });
    writeFileSync(vault(name), loginOf(name), { mode: 0o600 });
  }
  const standings = () => readStandings(paths, config).standings;
  return {
    paths,
    vault,
    shared: join(paths.sharedHome, 'auth.json'),
    notice: (options = {}) => noticeLogout(paths, standings(), NOW, options),
    prime: (name: string, asked = false) =>
      primeSharedAuth(paths, vault(name), listVaults(standings()), { asked }).kind,
    marks: (name: string) => readAccountState(paths, name).state.marks.map(({ kind }) => kind),
  };
}

test('a link of ours that is gone is a logout: told and marked once, and nobody puts the link back unasked', () => {
  const { paths, shared, notice, prime, marks } = makeHome();
  expect(notice()).toEqual([]);
  expect(prime('a')).toBe('linked');
  expect(notice()).toEqual([]);
  rmSync(shared);
  expect(notice()).toEqual([expect.stringContaining('codex-hotswap login a')]);
  expect(marks('a')).toEqual(['needs-login']);
  expect(notice()).toEqual([]);
  expect(prime('b')).toBe('logged-out');
  clearMarks(paths, 'a'); // by hand: the user knows better
  expect(notice()).toEqual([]);
  expect(marks('a')).toEqual([]);
  expect(prime('b', true)).toBe('linked');
});

test('before it is noticed, a handoff puts no link back either', () => {
  const { shared, prime } = makeHome();
  prime('a');
  rmSync(shared);
  expect(prime('b')).toBe('logged-out');
});

test('a link to another vault of ours is followed, one that never was is nothing', () => {
  const { shared, notice, prime, marks } = makeHome();
  prime('a');
  prime('b');
  rmSync(shared);
  notice();
  expect([marks('a'), marks('b')]).toEqual([[], ['needs-login']]);
});

test('a file of a known account after `uninstall` is left until a launch', () => {
  const { shared, vault, notice } = makeHome();
  writeFileSync(shared, loginOf('b', 1_795_000_000), { mode: 0o600 });
  expect(notice()).toEqual([]);
  expect(lstatSync(shared).isFile()).toBe(true);
  expect(notice({ isLaunch: true })).toEqual([]);
  expect(readlinkSync(shared)).toBe(vault('b'));
  expect(readFileSync(vault('b'), 'utf8')).toBe(loginOf('b', 1_795_000_000));
});

test('a file of nobody we know is left for good', () => {
  const { shared, notice } = makeHome();
  writeFileSync(shared, loginOf('eve'), { mode: 0o600 });
  expect(notice({ isLaunch: true })).toEqual([]);
  expect(readFileSync(shared, 'utf8')).toBe(loginOf('eve'));
});
