import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND, createHome } from './sandbox.ts';

// `codex-hotswap rule`, and what the other commands do about rules. The commands run in the home.

function setUp(names = 'home,work,team') {
  const cli = createHome();
  for (const name of names.split(',')) cli.writeVault(name, name);
  cli.ok(['setup', '--force', '--accounts', names]);
  mkdirSync(cli.path('src/acme'), { recursive: true });
  symlinkSync('src', cli.path('link'));
  const rules = () => JSON.parse(cli.read('.config/codex-hotswap/config.json')).rules;
  const refused = (args: string[], env = {}) => {
    const before = rules();
    const { status, stderr, stdout } = cli.run(args, env);
    expect(stdout).toBe('');
    expect(rules()).toEqual(before);
    return { status, stderr };
  };
  return { ...cli, rules, refused };
}

describe('rule add', () => {
  it('keeps the path as it was named, resolves a relative one, and says what holds', () => {
    const { ok, path, rules } = setUp();
    expect(ok(['rule', 'add', 'src/../src/acme/', 'work'])).toBe(
      'sessions in ~/src/acme use only work\n',
    );
    expect(ok(['rule', 'add', '.', 'home', 'team'])).toBe(
      'sessions in ~ use only home, team, in this order\n',
    );
    ok(['rule', 'add', '~/link/other', 'team']);
    expect(rules()).toEqual([
      { path: path('src/acme'), targets: ['work'] },
      { path: path(), targets: ['home', 'team'] },
      { path: path('link/other'), targets: ['team'] },
    ]);
  });

  it('a path that does not exist is kept, and said', () => {
    const { run, path, rules } = setUp();
    const { status, stdout, stderr } = run(['rule', 'add', 'later', 'work']);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'sessions in ~/later use only work\n',
      stderr:
        'codex-hotswap: ~/later is no directory yet; the rule is kept, and holds as soon as it is one\n',
    });
    expect(rules()).toEqual([{ path: path('later'), targets: ['work'] }]);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'a second rule for the path',
      ['src/acme', 'team'],
      2,
      /a rule for ~\/src\/acme already \(work\); to replace it, first run: codex-hotswap rule remove /,
    ],
    ['with a slash at the end', ['src/acme/', 'team'], 2, /there is a rule for ~\/src\/acme/],
    ['through a link', ['link/acme', 'team'], 2, /there is a rule for ~\/src\/acme/],
    ['an account twice', ['src', 'home', 'home'], 2, /an account is named twice: home, home/],
    ['an unknown account', ['src', 'nobody'], 2, /called "nobody"; you have: home, work, team/],
    ['no account', ['src'], 2, /missing required argument 'accounts'/],
    ['an empty path', ['', 'home'], 2, /the path is empty/],
  ])('changes nothing for %s', (_, args, status, message) => {
    const { ok, refused } = setUp();
    ok(['rule', 'add', 'src/acme', 'work']);
    const result = refused(['rule', 'add', ...args]);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(message);
  });

  it('the command that it advises can be copied, also where the path has a space', () => {
    const { ok, refused, env, home, rules } = setUp();
    ok(['rule', 'add', "it's mine/$HOME", 'work']);
    const { stderr } = refused(['rule', 'add', "it's mine/$HOME", 'team']);
    const command = stderr.match(/first run: codex-hotswap (.*)/)?.[1] as string;
    spawnSync('/bin/sh', ['-c', `node "$0" ${command}`, COMMAND], { env, cwd: home });
    expect(rules()).toEqual([]);
  });
});

describe('rule list and rule remove', () => {
  it('list marks the rule of this directory, and names what is wrong', () => {
    const { ok, run, path, write, read } = setUp();
    expect(ok(['rule', 'list'])).toBe('no rules: sessions may use every account everywhere\n');
    ok(['rule', 'add', 'src/acme', 'work', 'team']);
    ok(['rule', 'add', '.', 'home']);
    run(['rule', 'add', 'later', 'work']);
    const file = '.config/codex-hotswap/config.json';
    const config = JSON.parse(read(file));
    config.rules[2].targets.push('wrok');
    write(file, JSON.stringify(config));
    const { stdout, stderr, status } = run(['rule', 'list']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout:
        '  ~/src/acme: work, team\n* ~: home\n  ~/later: work, wrok   (no such directory yet)\n',
    });
    expect(stderr).toMatch(/the rule for ~\/later names wrok, which is none of your accounts/);
    expect(JSON.parse(ok(['rule', 'list', '--json']))).toEqual({
      version: 1,
      rules: [
        {
          path: path('src/acme'),
          targets: ['work', 'team'],
          exists: true,
          unknown: [],
          here: false,
        },
        { path: path(), targets: ['home'], exists: true, unknown: [], here: true },
        {
          path: path('later'),
          targets: ['work', 'wrok'],
          exists: false,
          unknown: ['wrok'],
          here: false,
        },
      ],
    });
  });

  it('remove finds a rule by any path to its directory, also one that is gone', () => {
    const { ok, refused, path, rules } = setUp();
    ok(['rule', 'add', 'src/acme', 'work']);
    ok(['rule', 'add', 'src', 'home']);
    expect(refused(['rule', 'remove', 'src/acm']).stderr).toMatch(
      /there is no rule for ~\/src\/acm; you have rules for: ~\/src\/acme, ~\/src/,
    );
    expect(ok(['rule', 'remove', 'link/acme/'])).toBe(
      'the rule for ~/src/acme is removed (work)\nnow the rule for ~/src holds there (home)\n',
    );
    rmSync(path('src'), { recursive: true });
    expect(ok(['rule', 'remove', '~/src'])).toBe(
      'the rule for ~/src is removed (home)\nsessions there may use every account\n',
    );
    expect(rules()).toEqual([]);
  });
});

describe('what the other commands do about rules', () => {
  it('rename changes them; remove takes the account out, but never the last one of a rule', () => {
    const { ok, refused, rules } = setUp();
    ok(['rule', 'add', 'src/acme', 'work', 'team']);
    ok(['rename', 'work', 'company']);
    expect(rules()).toMatchObject([{ targets: ['company', 'team'] }]);
    expect(ok(['remove', 'team', '--yes'])).toContain(
      'the rule for ~/src/acme allows only company now\n',
    );
    expect(rules()).toMatchObject([{ targets: ['company'] }]);
    for (const more of [[], ['--force']]) {
      const { status, stderr } = refused(['remove', 'company', '--yes', ...more]);
      expect(status).toBe(2);
      expect(stderr).toMatch(
        /company is the only account of the rule for ~\/src\/acme; first run: codex-hotswap rule remove /,
      );
    }
    expect(ok(['current'])).toBe('home\n');
  });

  it('use and next say what a session in this directory does', () => {
    const { ok, run } = setUp();
    expect(run(['use', 'home']).stderr).toBe('');
    ok(['rule', 'add', '.', 'work', 'team']);
    expect(run(['use', 'home'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('new sessions start with home'),
      stderr: 'codex-hotswap: in this directory the rule for ~ allows only work, team\n',
    });
    expect(run(['next'])).toMatchObject({
      stdout: expect.stringContaining('new sessions start with work'),
      stderr: '',
    });
    expect(run(['use', 'team']).stderr).toContain('the rule for ~ allows only work, team\n');
  });

  it('use does not say two things about this directory when the chosen account is at its limit', () => {
    const { ok, run, write } = setUp();
    ok(['rule', 'add', '.', 'team']);
    const until = Math.floor(Date.now() / 1000) + 3600;
    const marks = [{ kind: 'window-5h', at: until - 7200, until }];
    write('.local/state/codex-hotswap/accounts/home.json', JSON.stringify({ version: 1, marks }));
    const { stdout, stderr } = run(['use', 'home']);
    expect(stdout).toMatch(/^home: its 5-hour limit .*; new sessions start with work till then\n$/);
    expect(stderr).toBe('codex-hotswap: in this directory the rule for ~ allows only team\n');
  });

  it('an account that is refused comes with the way out, by what refuses it', () => {
    const { ok, run } = setUp();
    const refuse = (args: string[], env = {}) => {
      const { status, stderr } = run(['launch', ...args, '--', 'exec', 'hi'], env);
      expect(status).toBe(1);
      return stderr.split('; ').at(-1)?.trim();
    };
    const byWork = { CODEX_HOTSWAP_TARGET: 'work' };
    expect(refuse(['home', '--only', 'work'])).toBe(
      'name an account that it allows, or leave --only out',
    );
    expect(refuse(['home'], byWork)).toBe(
      'name an account that it allows, or leave CODEX_HOTSWAP_TARGET out',
    );
    expect(refuse(['home', '--only', 'work'], byWork)).toBe(
      'name an account that both allow, or leave CODEX_HOTSWAP_TARGET and --only out',
    );
    ok(['rule', 'add', '.', 'work']);
    expect(refuse(['home'])).toBe('for the rules: codex-hotswap rule list');
    expect(refuse(['--only', 'nobody'])).toBe('you have: home, work, team');
  });

  it('status and doctor name the rule of this directory, and a broken one does not stop them', () => {
    const { ok, run, write, read } = setUp();
    ok(['rule', 'add', '.', 'work']);
    const line = 'in this directory the rule for ~ allows only work';
    expect(ok(['status']).trimEnd().split('\n').at(-1)).toBe(line);
    expect(JSON.parse(ok(['status', '--json']))).toMatchObject({
      here: line,
      next: 'work',
      rules: [{ targets: ['work'], here: true }],
    });
    expect(run(['doctor']).stdout).toMatch(/^ok {5}rule for ~: work\nnote {3}in this directory/m);
    const file = '.config/codex-hotswap/config.json';
    write(file, read(file).replace(/"work"\n(\s*\]\n\s*\}\n\s*\])/, '"wrok"\n$1'));
    const broken = run(['status']);
    expect(broken.status).toBe(0);
    expect(broken.stdout).toMatch(
      /in this directory no session starts: the rule for ~ names wrok, which is none of your accounts/,
    );
    expect(run(['doctor']).stdout).toMatch(/^issue {2}the rule for ~ names wrok/m);
    expect(JSON.parse(ok(['status', '--json'])).next).toBeNull();
    expect(run(['status'], { CODEX_HOTSWAP_TARGET: 'nobody' }).status).toBe(0);
  });
});
