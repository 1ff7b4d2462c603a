import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leaseSlot } from '../../src/overlay/lease.ts';
import { resolvePaths } from '../../src/state/paths.ts';
import { createHome, forgeLogin } from './sandbox.ts';

type Home = ReturnType<typeof createHome>;

const CONFIG = '.config/codex-hotswap/config.json';

/** The targets a and b, with vaults in places of their own, and a home whose login is that of a. */
function createTargets(vaults = { a: 'vaults/a', b: 'vaults/b' }): Home {
  const home = createHome();
  home.write('.codex/config.toml', '');
  home.write('vaults/a/auth.json', forgeLogin('ann'));
  home.write('vaults/b/auth.json', forgeLogin('bob'));
  const targets = Object.entries(vaults).map(([name, vault]) => ({ name, vault: `~/${vault}` }));
  home.write(CONFIG, JSON.stringify({ version: 1, targets }));
  home.ok(['use', 'a']);
  return home;
}

describe('a purge leaves plain codex the newest login of the current account', () => {
  const newer = forgeLogin('ann', 1_795_000_000);
  const cases: Record<string, (home: Home) => string> = {
    'reached by a link of the user’s to the vault'(home) {
      symlinkSync(home.path('vaults/a/auth.json'), home.path('dotfile'));
      rmSync(home.path('.codex/auth.json'));
      symlinkSync('../dotfile', home.path('.codex/auth.json'));
      return forgeLogin('ann');
    },
    'in a vault that is open to others'(home) {
      chmodSync(home.path('vaults/a/auth.json'), 0o644);
      return forgeLogin('ann');
    },
    'in the overlay of a session that was killed'(home) {
      const paths = resolvePaths({}, home.home);
      const { pid = 0 } = spawn('true');
      const slot = leaseSlot(paths, paths.sharedHome, { pid, startTime: '0' });
      writeFileSync(join(slot.home, 'auth.json'), newer, { mode: 0o600 });
      return newer;
    },
  };

  test.each(Object.entries(cases))('%s', (_, lay) => {
    const home = createTargets();
    const login = lay(home);
    home.ok(['uninstall', '--purge', '--yes']);
    expect(home.exists('vaults/a/auth.json')).toBe(false);
    expect(lstatSync(home.path('.codex/auth.json')).isFile()).toBe(true);
    expect(home.read('.codex/auth.json')).toBe(login);
  });
});

test('a purge leaves another Codex home the login it has led to', () => {
  const home = createTargets();
  home.write('client/config.toml', '');
  home.ok(['use', 'b'], { CODEX_HOME: home.path('client') });
  home.ok(['use', 'a']);
  home.ok(['uninstall', '--purge', '--yes']);
  expect(lstatSync(home.path('client/auth.json')).isFile()).toBe(true);
  expect(home.read('client/auth.json')).toBe(forgeLogin('bob'));
  expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann'));
});

test('a removal leaves no Codex home a link that leads nowhere', () => {
  const home = createTargets();
  home.write('client/config.toml', '');
  home.ok(['use', 'b'], { CODEX_HOME: home.path('client') });
  home.ok(['use', 'a']);
  home.ok(['remove', 'b', '--yes']);
  expect(lstatSync(home.path('client/auth.json'), { throwIfNoEntry: false })).toBeUndefined();
  expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann'));
});

describe('a vault that is that of another target, too', () => {
  test.each(['a link above it', 'a link in its place'])('by %s, is not removed with it', (how) => {
    const vaults = { a: 'vaults/a', b: how === 'a link above it' ? 'other/a' : 'other' };
    const home = createTargets(vaults);
    symlinkSync(home.path(how === 'a link above it' ? 'vaults' : 'vaults/a'), home.path('other'));
    expect(home.ok(['status'])).toMatch(/b +- .*(by another path|a symbolic link)/);
    expect(home.ok(['remove', 'b', '--yes'])).toContain('because it holds the login of a');
    expect(home.read('vaults/a/auth.json')).toBe(forgeLogin('ann'));
    expect(home.ok(['status'])).toMatch(/ a .*ready/);
  });

  test('a link to a directory of the user’s is left as it is', () => {
    const home = createTargets({ a: 'vaults/a', b: 'other' });
    symlinkSync(home.path('vaults/b'), home.path('other'));
    expect(home.ok(['remove', 'b', '--yes'])).toContain('the login that the link leads to');
    expect(home.read('vaults/b/auth.json')).toBe(forgeLogin('bob'));
  });
});

describe('remove', () => {
  test('changes nothing when the login cannot be kept', () => {
    const home = createTargets();
    home.write('.local/state/codex-hotswap/orphans', ''); // no directory can be made
    const before = home.read(CONFIG);
    expect(home.run(['remove', 'b', '--yes']).status).not.toBe(0);
    expect(home.read(CONFIG)).toBe(before);
    expect(home.read('vaults/b/auth.json')).toBe(forgeLogin('bob'));
  });

  test('leaves a directory in the place of the login', () => {
    const home = createTargets();
    rmSync(home.path('vaults/b/auth.json'));
    mkdirSync(home.path('vaults/b/auth.json'));
    expect(home.ok(['remove', 'b', '--yes'])).toContain('because it holds auth.json');
    expect(home.read(CONFIG)).not.toContain('vaults/b');
  });
});

test('a login that may be the newer one is imported, and the other kept', () => {
  const home = createTargets();
  const other = forgeLogin('ann').replace('secret-refresh', 'another-refresh');
  home.ok(['import', home.write('other.json', other)]);
  expect(home.read('vaults/a/auth.json')).toBe(other);
  const orphans = '.local/state/codex-hotswap/orphans';
  const kept = readdirSync(home.path(orphans)).map((name) => home.read(join(orphans, name)));
  expect(kept).toEqual([forgeLogin('ann')]);
});
