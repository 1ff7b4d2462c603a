import { chmodSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

const SETUP = ['setup', '--force', '--count', '2', '--prefix', 'acc'];

const IN_TWO_DAYS = Math.floor(Date.now() / 1000) + 2 * 86_400;

describe('setup', () => {
  test('makes targets, private vaults and a configuration', () => {
    const home = createHome();
    home.ok(SETUP);
    const config = JSON.parse(home.read('.config/codex-hotswap/config.json'));
    expect(config.targets).toEqual([
      { name: 'acc1', vault: home.path('.codex-acc1'), enabled: true },
      { name: 'acc2', vault: home.path('.codex-acc2'), enabled: true },
    ]);
    expect(config).toMatchObject({ version: 1, cooldownMinutes: 240, prompt: 'continue' });
    expect(home.mode('.codex-acc1')).toBe('700');
    expect(home.mode('.codex')).toBe('700');
    expect(home.mode('.local/state/codex-hotswap')).toBe('700');
    expect(home.mode('.config/codex-hotswap/config.json')).toBe('600');
    expect(home.ok(['current'])).toBe('acc1\n');
  });

  test('--accounts names them, --cooldown-minutes is kept', () => {
    const home = createHome();
    home.ok(['setup', '--accounts', 'main, work', '--cooldown-minutes', '30']);
    expect(home.ok(['status'])).toMatch(/\n\* main .*\n {2}work /);
    const config = JSON.parse(home.read('.config/codex-hotswap/config.json'));
    expect(config.cooldownMinutes).toBe(30);
  });

  test('a second time needs --force, adds, and loses nothing; --replace-accounts keeps the logins', () => {
    const home = createHome();
    home.ok(['setup', '--accounts', 'main']);
    home.writeVault('main', 'ann');
    expect(home.run(['setup', '--accounts', 'work'])).toMatchObject({ status: 2 });
    home.ok(['setup', '--force', '--accounts', 'main,work']);
    expect(home.ok(['status'])).toMatch(/main .*ready\n.*work/);
    home.ok(['setup', '--force', '--accounts', 'work', '--replace-accounts']);
    expect(home.ok(['status'])).not.toContain('main');
    expect(home.ok(['current'])).toBe('work\n');
    expect(home.exists('.codex-main/auth.json')).toBe(true);
  });

  test('--force sets a broken configuration aside', () => {
    const home = createHome();
    home.write('.config/codex-hotswap/config.json', '{"version": 1, "targets": [');
    expect(home.run(SETUP.filter((word) => word !== '--force')).status).toBe(78);
    const ran = home.run(SETUP);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toMatch(/is not valid JSON; it was kept as .*config\.json\.broken-/);
    expect(home.ok(['current'])).toBe('acc1\n');
  });

  test('a vault that was open to others is closed', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.write('.codex-acc1/config.toml', '');
    home.ok(SETUP);
    expect(home.mode('.codex-acc1')).toBe('700');
  });
});

describe('use, next, current', () => {
  test('switch, back with -, and make plain codex follow', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.writeVault('acc2', 'bob');
    home.ok(SETUP);
    expect(home.read('.codex/auth.json')).toBe(home.read('.codex-acc1/auth.json'));
    expect(home.ok(['use', 'acc2'])).toBe('new sessions start with acc2 (bob@example.com)\n');
    expect(home.read('.codex/auth.json')).toBe(home.read('.codex-acc2/auth.json'));
    home.ok(['use', '-']);
    expect(home.ok(['current'])).toBe('acc1\n');
    home.ok(['next']);
    expect(home.ok(['current'])).toBe('acc2\n');
  });

  test('next skips what cannot be used, and says why nothing is left', () => {
    const home = createHome();
    home.writeVault('a', 'ann');
    home.writeVault('c', 'cyd');
    home.ok(['setup', '--accounts', 'a,b,c']);
    home.ok(['next']);
    expect(home.ok(['current'])).toBe('c\n');
    markUntil(home, 'a', IN_TWO_DAYS);
    const ran = home.run(['next']);
    expect(ran.status).toBe(75);
    expect(ran.stderr).toMatch(
      /^codex-hotswap: no other account can be used now \(.*a: its weekly limit is used up.*b: not logged in.*\); a is back at .*\n$/,
    );
    expect(home.ok(['current'])).toBe('c\n');
  });

  test.each<[string, (home: ReturnType<typeof createHome>) => void, RegExp]>([
    ['no login', (home) => rmSync(home.path('.codex-acc2/auth.json')), /codex-hotswap login acc2/],
    ['a broken login', (home) => home.write('.codex-acc2/auth.json', '{'), /login acc2/],
    [
      'a login others can read',
      (home) => chmodSync(home.path('.codex-acc2/auth.json'), 0o644),
      /chmod 600/,
    ],
    ['a login that is gone', (home) => markUntil(home, 'acc2', null, 'needs-login'), /login acc2/],
  ])('use of a target with %s fails, and changes nothing', (_, spoil, advice) => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.writeVault('acc2', 'bob');
    home.ok(SETUP);
    spoil(home);
    const ran = home.run(['use', 'acc2']);
    expect(ran).toMatchObject({ status: 75, stdout: '' });
    expect(ran.stderr).toMatch(/^codex-hotswap: acc2 cannot be used: .*\n$/);
    expect(ran.stderr).toMatch(advice);
    expect(home.ok(['current'])).toBe('acc1\n');
    expect(home.read('.codex/auth.json')).toBe(home.read('.codex-acc1/auth.json'));
  });

  test('the login of somebody else in ~/.codex is left alone and reported', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    const file = home.write('.codex/auth.json', 'not even a login');
    const ran = home.run(SETUP);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain(`${file} was not changed, and the real Codex uses it`);
    expect(home.read('.codex/auth.json')).toBe('not even a login');
  });
});

describe('status and reset', () => {
  test('shows account, plan, limit and the way back', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(SETUP);
    markUntil(home, 'acc1', IN_TWO_DAYS);
    expect(home.ok(['status'])).toMatch(
      /\n\* acc1 {5}ann@example\.com {2}plus {2}its weekly limit is used up until \w{3} \d+(?:, \d{4})? \d\d:\d\d \(in (?:2 d|1 d 23 h)\)\n {2}acc2 {5}- {16}- {5}not logged in; run: codex-hotswap login acc2\n$/,
    );
    const report = JSON.parse(home.ok(['status', '--json']));
    expect(report).toMatchObject({ version: 1, enabled: true, current: 'acc1' });
    expect(report.targets[0]).toMatchObject({
      state: 'marked',
      email: 'ann@example.com',
      marks: [{ kind: 'window-weekly', until: new Date(IN_TWO_DAYS * 1000).toISOString() }],
    });
    expect(home.ok(['reset', 'acc1'])).toBe('acc1: forgot that its weekly limit is used up\n');
    expect(home.ok(['status'])).toMatch(/acc1 .*ready\n/);
    expect(home.ok(['reset'])).toBe('nothing was marked\n');
  });

  test('a mark lapses by itself', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(SETUP);
    markUntil(home, 'acc1', 1_000_000_000);
    expect(home.ok(['status'])).toMatch(/acc1 .*ready\n/);
  });

  test('a broken state file is set aside, never deleted', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(SETUP);
    home.write('.local/state/codex-hotswap/accounts/acc1.json', 'garbage');
    const ran = home.run(['status']);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toMatch(
      /^codex-hotswap: .*acc1\.json is not valid JSON; it was kept as .*\n$/,
    );
    expect(home.run(['status'])).toMatchObject({ status: 0, stderr: '' });
  });
});

function markUntil(
  home: ReturnType<typeof createHome>,
  target: string,
  until: number | null,
  kind = 'window-weekly',
): void {
  // A mark lasts no longer than the window of its limit, from the refusal on.
  const at = kind === 'needs-login' ? 4_000_000_000 : (until ?? 0) - 5 * 86_400;
  const state = { version: 1, target, marks: [{ kind, until, at }] };
  home.write(`.local/state/codex-hotswap/accounts/${target}.json`, JSON.stringify(state));
}
