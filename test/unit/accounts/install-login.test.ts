import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { installLogin } from '../../../src/accounts/install-login.ts';
import { recordRefusal } from '../../../src/accounts/record-facts.ts';
import { accountLock, readTargets } from '../../../src/accounts/target-snapshot.ts';
import { authFileOf } from '../../../src/accounts/vault.ts';
import { CONFIG_DEFAULTS, type Config, type Target } from '../../../src/state/config.ts';
import { tryLock } from '../../../src/state/lock.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

function makePool() {
  const paths = makeScratchHome();
  const [a, b] = ['a', 'b'].map((name) => ({
    name,
    vault: join(paths.home, `.codex-${name}`),
    enabled: true,
  })) as [Target, Target];
  const config: Config = { version: 1, targets: [a, b], rules: [], ...CONFIG_DEFAULTS };
  const install = (target: Target, authContent: string, replaceAccount = false) => {
    const snapshots = readTargets(paths, config);
    return installLogin({ paths, config, snapshots, target, authContent, replaceAccount });
  };
  return {
    paths,
    config,
    a,
    b,
    install,
    held: (target: Target) => readFileSync(authFileOf(target), 'utf8'),
  };
}

describe('installing a login', () => {
  test('moved from another target: not while the login of either is being refreshed', () => {
    const { paths, config, a, b, install, held } = makePool();
    install(a, forgeAuth());
    const move = () => {
      const snapshots = readTargets(paths, config);
      const authContent = forgeAuth({ issuedAt: 2_000_000_000 });
      const request = { paths, config, snapshots, target: b, authContent, move: true, lockMs: 0 };
      return installLogin(request);
    };
    for (const name of ['a', 'b']) {
      const keeper = tryLock(accountLock(paths, name));
      expect(move).toThrow(`the login of ${name} is being refreshed`);
      expect(held(a)).toBe(forgeAuth());
      keeper?.release();
    }
    expect(move()).toMatchObject({ kind: 'moved', movedFrom: 'a' });
    expect(() => held(a)).toThrow(/ENOENT/);
    for (const name of ['a', 'b']) expect(tryLock(accountLock(paths, name))).toBeDefined();
  });

  test('into an empty target: private, identity on record', () => {
    const { paths, a, install, held } = makePool();
    expect(install(a, forgeAuth())).toMatchObject({ kind: 'installed', authFile: authFileOf(a) });
    expect(held(a)).toBe(forgeAuth());
    expect(statSync(authFileOf(a)).mode & 0o777).toBe(0o600);
    expect(statSync(a.vault).mode & 0o777).toBe(0o700);
    expect(readdirSync(a.vault)).toEqual(['auth.json', 'auth.json.last-good']);
    expect(readAccountState(paths, 'a').state.identity).toMatchObject({ userId: 'user-1' });
  });

  test('the same account again: renewed, needs-login healed, limits kept', () => {
    const { paths, a, install, held } = makePool();
    install(a, forgeAuth({ issuedAt: 1000 }));
    recordRefusal(paths, 'a', { kind: 'needs-login', until: null, at: 1500 });
    recordRefusal(paths, 'a', { kind: 'window-weekly', until: 9_000_000_000, at: 1500 });
    expect(install(a, forgeAuth({ issuedAt: 2000 })).kind).toBe('renewed');
    expect(held(a)).toBe(forgeAuth({ issuedAt: 2000 }));
    expect(readAccountState(paths, 'a').state.marks.map(({ kind }) => kind)).toEqual([
      'window-weekly',
    ]);
  });

  test('an account known under another target: clash, nothing changed', () => {
    const { a, b, install, held } = makePool();
    install(a, forgeAuth());
    expect(() => install(b, forgeAuth({ issuedAt: 2_000_000_000 }))).toThrow(
      expect.objectContaining({
        code: 'identity-clash',
        message: expect.stringContaining(' of a,'),
      }),
    );
    expect(held(a)).toBe(forgeAuth());
    expect(() => held(b)).toThrow(/ENOENT/);
  });

  test('takes the place of one that a fast clock has dated a year ahead', () => {
    const { a, install, held } = makePool();
    install(a, forgeAuth({ issuedAt: 1000, lastRefresh: '2040-01-01T00:00:00Z' }));
    const renewed = forgeAuth({ issuedAt: 2000, lastRefresh: '2026-11-21T03:00:00Z' });
    expect(install(a, renewed).kind).toBe('renewed');
    expect(held(a)).toBe(renewed);
  });

  test('another account into a target that has one: clash, unless wanted', () => {
    const { paths, a, install, held } = makePool();
    install(a, forgeAuth());
    recordRefusal(paths, 'a', { kind: 'window-weekly', until: 9_000_000_000, at: 1500 });
    const other = forgeAuth({ user: 'user-2' });
    expect(() => install(a, other)).toThrow(expect.objectContaining({ code: 'identity-clash' }));
    expect(held(a)).toBe(forgeAuth());
    expect(install(a, other, true).kind).toBe('replaced-account');
    expect(held(a)).toBe(other);
    expect(readAccountState(paths, 'a').state).toMatchObject({
      identity: { userId: 'user-2' },
      marks: [],
    });
  });

  test('the record of a lost vault still counts', () => {
    const { a, b, install } = makePool();
    install(a, forgeAuth());
    writeFileSync(authFileOf(a), '{');
    expect(() => install(b, forgeAuth())).toThrow(
      expect.objectContaining({ code: 'identity-clash' }),
    );
    expect(install(a, forgeAuth()).kind).toBe('renewed');
  });

  test.each(['', '{', '{}', '{"tokens":{}}'])('%j is no login', (content) => {
    const { a, install, held } = makePool();
    install(a, forgeAuth());
    expect(() => install(a, content)).toThrow(expect.objectContaining({ code: 'login-failed' }));
    expect(held(a)).toBe(forgeAuth());
  });

  test('a vault others can write in is refused', () => {
    const { a, install, held } = makePool();
    install(a, forgeAuth());
    chmodSync(a.vault, 0o777);
    expect(() => install(a, forgeAuth({ issuedAt: 2_000_000_000 }))).toThrow(
      expect.objectContaining({ code: 'unsafe-path' }),
    );
    expect(held(a)).toBe(forgeAuth());
  });
});
