import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHome, forgeLogin } from './sandbox.ts';

function createSetUpHome() {
  const home = createHome();
  home.ok(['setup', '--accounts', 'acc1,acc2']);
  return home;
}

describe('login', () => {
  test('runs codex login in an empty home and installs the result', () => {
    const home = createSetUpHome();
    const ran = home.run(['login', 'acc1', '--device-auth', '--', '--extra', 'two words'], {
      FAKE_LOGIN: home.login('ann'),
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toBe('acc1 is now logged in as ann@example.com\n');
    expect(home.read('asked')).toBe(
      '-c cli_auth_credentials_store="file" login --device-auth --extra two words\n',
    );
    expect(home.read('home-at-login')).toBe('');
    expect(home.mode('.codex-acc1/auth.json')).toBe('600');
    expect(readdirSync(home.path('.local/state/codex-hotswap/login'))).toEqual([]);
    expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann')); // acc1 is current
  });

  test.each([
    ['fails', { FAKE_STATUS: '1' }, /ended with status 1/],
    ['leaves nothing behind', {}, /left no login behind/],
  ])('when codex login %s, the old login stays', (_what, extra, message) => {
    const home = createSetUpHome();
    home.writeVault('acc1', 'ann');
    const ran = home.run(['login', 'acc1'], extra);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(message);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann'));
    expect(readdirSync(home.path('.local/state/codex-hotswap/login'))).toEqual([]);
  });

  test('the account of another target is refused, and so is another account for this one', () => {
    const home = createSetUpHome();
    home.writeVault('acc1', 'ann');
    const twin = home.run(['login', 'acc2'], { FAKE_LOGIN: home.login('ann') });
    expect(twin.status).toBe(65);
    expect(twin.stderr).toContain('ann@example.com is already the account of acc1');
    expect(home.exists('.codex-acc2/auth.json')).toBe(false);

    const other = home.run(['login', 'acc1'], { FAKE_LOGIN: home.login('bob') });
    expect(other.status).toBe(65);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann'));
    home.ok(['login', 'acc1', '--replace-account'], { FAKE_LOGIN: home.login('bob') });
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('bob'));
  });

  test('no codex on PATH: 127', () => {
    const home = createSetUpHome();
    expect(home.run(['login', 'acc1'], { PATH: '/nowhere' }).status).toBe(127);
  });

  test('setup --login asks for each target without a login', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    const FAKE_LOGIN = home.login('bob');
    home.ok(['setup', '--accounts', 'acc1,acc2', '--login', '--device-auth'], { FAKE_LOGIN });
    expect(home.read('asked').trim().split('\n')).toHaveLength(1);
    expect(home.read('.codex-acc2/auth.json')).toBe(forgeLogin('bob'));
  });
});

describe('import', () => {
  test('adopts the login of plain codex, which then is a link to it', () => {
    const home = createHome();
    home.write('.codex/auth.json', forgeLogin('ann'));
    expect(home.ok(['import', '--as', 'main'])).toBe('main is ann@example.com\n');
    expect(home.read('.codex-main/auth.json')).toBe(forgeLogin('ann'));
    expect(home.ok(['doctor', '--help'])).toContain('Example');
    expect(home.run(['import', '--as', 'main']).stderr).toMatch(
      /auth\.json is a link to the login of main; there is nothing to import\n$/,
    );
    expect(home.ok(['current'])).toBe('main\n');
  });

  test('of a known account the newer login wins', () => {
    const home = createSetUpHome();
    home.writeVault('acc1', 'ann');
    home.ok(['import', home.login('ann', 1_700_000_000)]);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann'));
    home.ok(['import', home.login('ann', 1_795_000_000)]);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann', 1_795_000_000));
  });

  test.each([
    ['an unknown account without --as', 'ann', [], 2],
    ['no file', undefined, ['--as', 'x'], 2],
    ['a bad name', 'ann', ['--as', '../x'], 2],
  ])('%s is refused', (_what, who, words, status) => {
    const home = createSetUpHome();
    const file = who === undefined ? '/nowhere' : home.login(who);
    const ran = home.run(['import', file, ...words]);
    expect(ran.status).toBe(status);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('what is no login is refused without quoting it', () => {
    const home = createSetUpHome();
    const ran = home.run(['import', home.write('junk', 'secret words'), '--as', 'acc1']);
    expect(ran.status).toBe(1);
    expect(ran.stderr).not.toContain('secret words');
  });
});

test('no command prints a token', () => {
  const home = createSetUpHome();
  home.write('.codex/auth.json', forgeLogin('zoe'));
  const printed = [
    home.run(['login', 'acc1'], { FAKE_LOGIN: home.login('ann') }),
    home.run(['login', 'acc2'], { FAKE_LOGIN: home.login('ann') }),
    ...[
      'status',
      'status --json',
      'doctor',
      'use acc1',
      'next',
      'log',
      'log --json',
      'disable',
    ].map((line) => home.run(line.split(' '))),
  ];
  const text = printed.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(text).toContain('zoe@example.com');
  expect(text).not.toMatch(/secret|eyJ/);
});
