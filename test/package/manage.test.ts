import { spawn } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leaseSlot } from '../../src/overlay/lease.ts';
import { pointAuth } from '../../src/overlay/point-auth.ts';
import { resolvePaths } from '../../src/state/paths.ts';
import { processStartTime } from '../../src/state/process-identity.ts';
import { createHome, forgeLogin, SHIM } from './sandbox.ts';

type Home = ReturnType<typeof createHome>;

function createTwoTargets(): Home {
  const home = createHome();
  home.writeVault('acc1', 'ann');
  home.writeVault('acc2', 'bob');
  home.ok(['setup', '--accounts', 'acc1,acc2', '--install-shim']);
  return home;
}

/** A living process that holds an overlay which shows a target's vault. */
function holdSession(home: Home, target: string): void {
  const child = spawn('sleep', ['600']);
  onTestFinished(() => void child.kill());
  const paths = resolvePaths({}, home.home);
  const startTime = processStartTime(child.pid as number) as string;
  const slot = leaseSlot(paths, paths.sharedHome, { pid: child.pid as number, startTime });
  pointAuth(slot, home.path(`.codex-${target}/auth.json`));
}

const targetsOf = (home: Home) =>
  JSON.parse(home.read('.config/codex-hotswap/config.json')).targets;

describe('rename', () => {
  test('vault, record, current and plain codex follow', () => {
    const home = createTwoTargets();
    home.ok(['use', 'acc2']);
    home.ok(['use', 'acc1']);
    expect(home.ok(['rename', 'acc1', 'main'])).toBe('acc1 is called main now\n');
    expect(targetsOf(home)[0]).toEqual({
      name: 'main',
      vault: home.path('.codex-main'),
      enabled: true,
    });
    expect(home.exists('.codex-acc1')).toBe(false);
    expect(home.ok(['current'])).toBe('main\n');
    expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann'));
    home.ok(['use', '-']);
    home.ok(['use', '-']);
    expect(home.ok(['current'])).toBe('main\n');
  });

  test('interrupted after the vault was moved, it is taken up again', () => {
    const home = createTwoTargets();
    home.run(['rename', 'acc1', 'main']);
    const config = home.read('.config/codex-hotswap/config.json');
    home.write(
      '.config/codex-hotswap/config.json',
      config.replace('"main"', '"acc1"').replace('.codex-main', '.codex-acc1'),
    );
    home.ok(['rename', 'acc1', 'main']);
    expect(home.ok(['status'])).toMatch(/main .*ann@example\.com.*ready/);
  });

  test.each([
    ['acc1', 'acc2', 2],
    ['acc1', 'ACC2', 2],
    ['acc1', '../x', 2],
    ['acc1', 'acc1', 2],
    ['nobody', 'x', 2],
  ])('%s to %s is refused', (from, to, status) => {
    const home = createTwoTargets();
    expect(home.run(['rename', from, to]).status).toBe(status);
    expect(home.ok(['current'])).toBe('acc1\n');
  });

  test('a directory in the way is left alone', () => {
    const home = createTwoTargets();
    mkdirSync(home.path('.codex-main'));
    expect(home.run(['rename', 'acc1', 'main']).stderr).toContain('exists already');
    expect(home.exists('.codex-acc1/auth.json')).toBe(true);
  });
});

describe('remove', () => {
  test('forgets target and login; the next one is current; the last one takes the link with it', () => {
    const home = createTwoTargets();
    const said = home.ok(['remove', 'acc1', '--yes']);
    const [, kept = ''] = /its login is kept for 30 days: (.*)\n/.exec(said) ?? [];
    expect(said.replace(kept, 'FILE')).toBe(
      'acc1 is forgotten; its account was not logged out\nits login is kept for 30 days: FILE\nnew sessions start with acc2\n',
    );
    expect(readFileSync(kept, 'utf8')).toBe(forgeLogin('ann'));
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(home.exists('.codex-acc1')).toBe(false);
    expect(home.read('.codex/auth.json')).toBe(forgeLogin('bob'));
    home.ok(['remove', 'acc2', '--yes']);
    expect(lstatSync(home.path('.codex/auth.json'), { throwIfNoEntry: false })).toBe(undefined);
    expect(home.run(['status']).status).toBe(78);
    expect(home.exists('asked')).toBe(false); // codex was never run: nothing was logged out
  });

  test.each([
    ['remove', 'acc1'],
    ['uninstall', '--purge'],
  ])('%s %s without a terminal needs --yes, and changes nothing without it', (...words) => {
    const home = createTwoTargets();
    const ran = home.run(words);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toMatch(/^codex-hotswap: .*--yes.*\n$/);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann'));
    expect(home.ok(['current'])).toBe('acc1\n');
  });

  test('a login that was kept goes after 30 days, others stay', () => {
    const home = createTwoTargets();
    home.ok(['remove', 'acc2', '--yes']);
    const dir = home.path('.local/state/codex-hotswap/orphans');
    const [kept = ''] = readdirSync(dir);
    const other = home.write(`${dir.slice(home.home.length + 1)}/auth-removed-acc9.json`, '{}');
    const age = (days: number) => {
      const then = new Date(Date.now() - days * 86_400_000);
      for (const file of [join(dir, kept), other]) utimesSync(file, then, then);
      home.ok(['status']);
      return readdirSync(dir).sort();
    };
    expect(age(29)).toEqual(['auth-removed-acc9.json', kept].sort());
    expect(age(31)).toEqual(['auth-removed-acc9.json']);
  });

  test('what else is in the vault stays', () => {
    const home = createTwoTargets();
    home.write('.codex-acc1/config.toml', '');
    expect(home.ok(['remove', 'acc1', '--yes'])).toContain('because it holds config.toml');
    expect(home.exists('.codex-acc1/auth.json')).toBe(false);
    expect(home.exists('.codex-acc1/config.toml')).toBe(true);
  });
});

describe('while a session uses a target', () => {
  test.each([
    ['remove', 'acc1', '--yes'],
    ['rename', 'acc1', 'main'],
  ])('%s is refused', (...words) => {
    const home = createTwoTargets();
    holdSession(home, 'acc1');
    const ran = home.run(words);
    expect(ran.status).toBe(75);
    expect(ran.stderr).toMatch(/^codex-hotswap: a session runs under acc1; .*--force\n$/);
    expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann'));
    home.ok(['remove', 'acc2', '--yes']); // another one may go
    home.ok([...words, '--force']);
  });
});

describe('enable and disable of one target', () => {
  test('it is not chosen until it is on again', () => {
    const home = createTwoTargets();
    expect(home.ok(['disable', 'acc2'])).toContain('acc2 is off');
    expect(home.run(['next']).status).toBe(75);
    expect(home.ok(['status'])).not.toContain('codex-hotswap is off');
    home.ok(['enable', 'acc2']);
    home.ok(['next']);
    expect(home.ok(['current'])).toBe('acc2\n');
    expect(home.run(['disable', 'nobody']).status).toBe(2);
  });
});

describe('login --move', () => {
  test('the account and its limits go to the other target', () => {
    const home = createTwoTargets();
    const at = Math.floor(Date.now() / 1000);
    const mark = { kind: 'window-5h', until: at + 7200, at };
    home.write(
      '.local/state/codex-hotswap/accounts/acc1.json',
      JSON.stringify({ version: 1, target: 'acc1', marks: [mark] }),
    );
    home.ok(['remove', 'acc2', '--yes']);
    home.ok(['setup', '--force', '--accounts', 'spare']);
    const FAKE_LOGIN = home.login('ann', 1_795_000_000);
    expect(home.run(['login', 'spare'], { FAKE_LOGIN }).stderr).toContain('--move');
    expect(home.ok(['login', 'spare', '--move'], { FAKE_LOGIN })).toContain(
      'spare has taken over the account of ann@example.com\nacc1 has no login any more\n',
    );
    expect(home.exists('.codex-acc1/auth.json')).toBe(false);
    const { targets } = JSON.parse(home.ok(['status', '--json']));
    expect(targets.map(({ state }: { state: string }) => state)).toEqual([
      'not-logged-in',
      'marked',
    ]);
  });

  test('the login that --replace-account puts away is kept', () => {
    const home = createTwoTargets();
    const ran = home.run(['login', 'acc2', '--replace-account'], { FAKE_LOGIN: home.login('cyd') });
    const kept = /kept as (.*)\n/.exec(ran.stderr)?.[1] ?? '';
    home.ok(['import', kept, '--as', 'third']);
    expect(home.read('.codex-third/auth.json')).toBe(forgeLogin('bob'));
    expect(home.read('.codex-acc2/auth.json')).toBe(forgeLogin('cyd'));
  });
});

test('login --with-api-key passes stdin on', () => {
  const home = createTwoTargets();
  home.ok(['login', 'acc1', '--with-api-key', '--replace-account'], {
    FAKE_LOGIN: home.write('key', '{"OPENAI_API_KEY":"sk-lab-1"}'),
  });
  expect(home.read('asked')).toMatch(/ login --with-api-key\n$/);
  expect(home.ok(['status'])).toContain('acc1');
});

test('a new target inherits nothing from one of its name that was before', () => {
  const home = createTwoTargets();
  const mark = { kind: 'manual', until: null, at: 1 };
  const identity = { userId: 'user-old', accountId: 'workspace-old' };
  home.write(
    '.local/state/codex-hotswap/accounts/third.json',
    JSON.stringify({ version: 1, target: 'third', marks: [mark], identity }),
  );
  home.ok(['import', home.login('cyd'), '--as', 'third']);
  expect(home.ok(['status'])).toMatch(/third .*cyd@example\.com.*ready\n/);
});

test('import takes a directory', () => {
  const home = createTwoTargets();
  home.write('old-home/auth.json', forgeLogin('cyd'));
  home.ok(['import', 'old-home', '--as', 'third']);
  expect(home.read('.codex-third/auth.json')).toBe(forgeLogin('cyd'));
});

describe('uninstall', () => {
  test('shim away, the real Codex has the login as a file of its own, the rest stays', () => {
    const home = createTwoTargets();
    home.ok(['uninstall']);
    expect(home.exists(SHIM)).toBe(false);
    expect(lstatSync(home.path('.codex/auth.json')).isFile()).toBe(true);
    expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann'));
    expect(home.mode('.codex/auth.json')).toBe('600');
    home.ok(['install-shim']);
    expect(home.ok(['status'])).toContain('ann@example.com');
  });

  test('enabled again, the newer of the two logins is the one, and there is one only', () => {
    const home = createTwoTargets();
    home.ok(['use', 'acc1']);
    home.ok(['uninstall']);
    const newer = forgeLogin('ann', 1_795_000_000); // the real Codex has refreshed its token meanwhile
    home.write('.codex/auth.json', newer);
    home.ok(['status']);
    expect(home.read('.codex-acc1/auth.json')).not.toBe(newer);
    home.ok(['enable']);
    expect(home.read('.codex-acc1/auth.json')).toBe(newer);
    expect(readlinkSync(home.path('.codex/auth.json'))).toBe(home.path('.codex-acc1/auth.json'));
  });

  test('--purge leaves one link per overlay, so that threads still open, and what is not ours', () => {
    const home = createTwoTargets();
    home.write('.codex-acc2/notes', '');
    const child = spawn('true');
    const paths = resolvePaths({}, home.home);
    const slot = leaseSlot(paths, paths.sharedHome, { pid: child.pid as number, startTime: '0' });
    const ran = home.run(['uninstall', '--purge', '--yes']);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stderr).toContain('because it holds notes');
    expect(readlinkSync(slot.home)).toBe(home.path('.codex'));
    expect(readdirSync(home.path('.local/state/codex-hotswap'))).toEqual(['runtime']);
    expect(home.exists('.config/codex-hotswap')).toBe(false);
    expect(home.exists('.codex-acc1')).toBe(false);
    expect(home.read('.codex/auth.json')).toBe(forgeLogin('ann'));
  });

  test('a broken configuration, or none, keeps nobody from it', () => {
    const home = createTwoTargets();
    home.write('.config/codex-hotswap/config.json', '[]');
    expect(home.run(['uninstall']).status).toBe(0);
    expect(home.exists(SHIM)).toBe(false);
    expect(createHome().run(['uninstall', '--purge']).status).toBe(0);
  });

  test('the link of somebody else in ~/.codex stays', () => {
    const home = createTwoTargets();
    rmSync(home.path('.codex/auth.json'));
    symlinkSync(home.write('elsewhere', forgeLogin('zoe')), home.path('.codex/auth.json'));
    home.ok(['uninstall', '--purge', '--yes']);
    expect(readlinkSync(home.path('.codex/auth.json'))).toBe(home.path('elsewhere'));
  });
});
