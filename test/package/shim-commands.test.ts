import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHome, SHIM } from './sandbox.ts';

type Home = ReturnType<typeof createHome>;

const CONFIG = '.config/codex-hotswap/config.json';
const HOT = new URL('../../dist/bin/codex-hot.js', import.meta.url).pathname;

/** `codex` as a shell of this home would run it. */
function runCodex(home: Home, args: string[], PATH = home.env.PATH) {
  const env = { ...home.env, PATH };
  return spawnSync('/usr/bin/env', ['codex', ...args], { env, encoding: 'utf8', cwd: home.home });
}

describe('install-shim and uninstall-shim', () => {
  test('has a directory of its own, twice is once, and takes it back', () => {
    const home = createHome();
    const shim = home.path(SHIM);
    expect(home.ok(['install-shim'])).toContain(`shim created at ${shim}`);
    expect(home.mode(SHIM)).toBe('755');
    expect(home.ok(['install-shim'])).toBe(`shim is already at ${shim}\n`);
    expect(runCodex(home, ['mcp', 'list']).stdout).toBe('real codex: mcp list\n');
    expect(home.ok(['uninstall-shim'])).toContain(`removed ${shim}`);
    expect(home.exists(SHIM)).toBe(false);
    expect(home.ok(['uninstall-shim'])).toBe('no shim is installed\n');
  });

  test.each([
    ['~/.local/bin comes first', ['.local/bin', 'programs']],
    ['~/bin comes first', ['bin', 'programs']],
    ['~/.local/bin comes too late', ['programs', '.local/bin']],
    ['~/.local/bin is not on PATH', ['programs']],
  ])('%s: a directory of its own, and the line to add', (_what, dirs) => {
    const home = createHome();
    const PATH = [...dirs.map((dir) => home.path(dir)), '/usr/bin', '/bin'].join(':');
    const printed = home.ok(['install-shim'], { PATH });
    expect(printed).toContain(
      `shim created at ${home.path('.local/share/codex-hotswap/bin/codex')}`,
    );
    expect(printed).toContain('export PATH="$HOME/.local/share/codex-hotswap/bin:$PATH"');
    const extended = `${home.path('.local/share/codex-hotswap/bin')}:${PATH}`;
    expect(runCodex(home, ['mcp'], extended).stdout).toBe('real codex: mcp\n');
    home.ok(['uninstall-shim'], { PATH });
    expect(home.exists('.local/share/codex-hotswap/bin/codex')).toBe(false);
  });

  test('the real codex in ~/.local/bin, where the official installer puts it, is never touched', () => {
    const home = createHome();
    home.write('.local/bin/codex', '#!/bin/sh\necho official\n', 0o755);
    const printed = home.ok(['install-shim']);
    expect(printed).toContain(home.path('.local/share/codex-hotswap/bin/codex'));
    expect(home.read('.local/bin/codex')).toContain('official');
    const refused = home.run(['install-shim', '--shim-path', home.path('.local/bin/codex')]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^codex-hotswap: .*was not made by codex-hotswap; .*\n$/);
    const kept = home.run(['uninstall-shim', '--shim-path', home.path('.local/bin/codex')]);
    expect(kept.status).toBe(1);
    expect(home.read('.local/bin/codex')).toContain('official');
  });

  test.each(['a directory', 'a link'])('%s in its place is refused', (what) => {
    const home = createHome();
    const path = home.path('place/codex');
    mkdirSync(home.path('place'));
    if (what === 'a link') symlinkSync(home.path('programs/codex'), path);
    else mkdirSync(path);
    expect(home.run(['install-shim', '--shim-path', path]).status).toBe(1);
  });

  test('with two shims on PATH a turn still starts one supervisor, and it finds the real codex', () => {
    const home = createHome();
    home.ok(['setup', '--install-shim']);
    home.ok(['install-shim', '--shim-path', home.path('second/codex')]);
    const PATH = `${home.path('second')}:${home.env.PATH}`;
    const ran = runCodex(home, ['exec', 'hello'], PATH);
    expect(ran.stdout).toMatch(/^real codex: .*hello\n$/);
    expect(ran.stderr.match(/^codex-hotswap: /gm)).toHaveLength(1); // nobody is logged in
  });

  test('in a directory that was deleted, codex says itself what is wrong', () => {
    const home = createHome();
    home.ok(['setup', '--install-shim']);
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec codex "a prompt"';
    const ran = spawnSync('sh', ['-c', script], {
      env: home.env,
      cwd: home.home,
      encoding: 'utf8',
    });
    expect(ran.stdout).toBe('real codex: a prompt\n');
    expect(ran.stderr).toMatch(/^codex-hotswap: running codex unsupervised: .*$/m);
  });

  test('a shim of an older installation is updated in place', () => {
    const home = createHome();
    home.write(SHIM, '#!/bin/sh\n# codex-hotswap shim: of old\n', 0o755);
    expect(home.ok(['install-shim'])).toContain('shim updated at');
    expect(runCodex(home, ['mcp']).stdout).toBe('real codex: mcp\n');
  });
});

describe('uninstall-shim finds what was installed', () => {
  const LINE = 'codex-hotswap: runs codex through its shim';
  const RECORD = '.local/state/codex-hotswap/shim.json';
  /** A PATH on which no shim is. */
  const bare = (home: Home) => [home.path('programs'), '/usr/bin', '/bin'].join(':');
  const places: [string, string[]][] = [
    ['in the directory of its own', [SHIM]],
    ['where the user has put it', ['tools/codex']],
    ['where an older version has put it', ['.local/bin/codex']],
    ['at two places, one after the other', ['tools/codex', 'more tools/codex']],
    ['at three places', ['tools/codex', SHIM, '.local/bin/codex']],
  ];
  const cases = places.flatMap(([what, files]) =>
    ['is', 'is not'].map((on): [string, string, string[]] => [what, on, files]),
  );

  function put(home: Home, files: string[]): void {
    const PATH = bare(home);
    for (const file of files) {
      if (file === '.local/bin/codex') {
        home.ok(['install-shim', '--no-rc', '--shim-path', home.path('x/codex')], { PATH });
        home.write(file, home.read('x/codex'), 0o755);
        home.ok(['uninstall-shim', '--shim-path', home.path('x/codex')], { PATH });
      } else home.ok(['install-shim', '--rc', '--shim-path', home.path(file)], { PATH });
    }
  }

  test.each(cases)('%s, which %s on PATH, and says what it removed', (_what, on, files) => {
    const home = createHome();
    home.write('.bashrc', 'alias ll=ls\n');
    put(home, files);
    const dirs = files.map((file) => join(home.path(file), '..'));
    const PATH = on === 'is' ? `${dirs.join(':')}:${bare(home)}` : bare(home);
    const said = home.ok(['uninstall-shim'], { PATH });
    for (const file of files) {
      expect(said).toContain(`removed ${home.path(file)}\n`);
      expect(home.exists(file)).toBe(false);
    }
    expect(home.read('.bashrc')).toBe('alias ll=ls\n');
    if (files.some((file) => file !== '.local/bin/codex')) {
      expect(said).toContain('removed our line from ~/.bashrc\n');
    }
    expect(home.exists(RECORD)).toBe(false);
    expect(home.ok(['uninstall-shim'], { PATH })).toBe('no shim is installed\n');
  });

  test('without a record, in the usual places', () => {
    const home = createHome();
    put(home, [SHIM, '.local/bin/codex']);
    rmSync(home.path(RECORD));
    const said = home.ok(['uninstall-shim'], { PATH: bare(home) });
    for (const file of [SHIM, '.local/bin/codex']) expect(said).toContain(home.path(file));
    expect(home.exists('.bashrc')).toBe(false); // it had our line only
  });

  test.each([
    ['another program', '#!/bin/sh\necho mine\n'],
    ['a link to the shim', undefined],
  ])('%s in its place stays; the line goes', (_what, text) => {
    const home = createHome();
    put(home, ['tools/codex', SHIM]);
    rmSync(home.path('tools/codex'));
    if (text === undefined) symlinkSync(home.path(SHIM), home.path('tools/codex'));
    else home.write('tools/codex', text, 0o755);
    const said = home.ok(['uninstall-shim'], { PATH: bare(home) });
    expect(said).toContain(`removed ${home.path(SHIM)}\n`);
    expect(said).not.toContain('tools/codex');
    expect(lstatSync(home.path('tools/codex'), { throwIfNoEntry: false })).toBeDefined();
    expect(home.exists('.bashrc') && home.read('.bashrc').includes(LINE)).toBe(false);
  });
});

/** What Codex's own installer does (fact 110), for a Codex that prints `official: …`. */
function installOfficially(home: Home): void {
  const release = home.path('.codex/packages/standalone/current/bin/codex');
  home.write(
    '.codex/packages/standalone/current/bin/codex',
    '#!/bin/sh\necho "official: $*"\n',
    0o755,
  );
  const acts = [
    'mkdir -p ~/.local/bin',
    "find ~/.local/bin -mindepth 1 -maxdepth 1 -name '.codex.*' -exec rm -f {} +",
    `ln -sfn "${release}" ~/.local/bin/codex`,
    `printf '\\n# >>> Codex installer >>>\\nexport PATH="%s:$PATH"\\n# <<< Codex installer <<<\\n' ~/.local/bin >>~/.bashrc`,
  ];
  const { status } = spawnSync('sh', ['-ec', acts.join('\n')], { env: home.env });
  expect(status).toBe(0);
}

/** The PATH of a new shell, which reads ~/.bashrc. */
function pathOfNewShell(home: Home, PATH: string): string {
  const env = { ...home.env, PATH };
  return spawnSync('sh', ['-c', '. ~/.bashrc; printf %s "$PATH"'], { env, encoding: 'utf8' })
    .stdout;
}

const UNREACHED = /`codex` runs without codex-hotswap; to mend it: codex-hotswap install-shim/;
const BARE_PATH = (home: Home) => [home.path('programs'), '/usr/bin', '/bin'].join(':');

describe('a PATH as people write it', () => {
  test('a slash at the end of a directory makes no second shim', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(['setup', '--count', '1', '--install-shim']);
    const PATH = `${home.path('.local/share/codex-hotswap/bin')}//:${BARE_PATH(home)}`;
    expect(home.ok(['install-shim'], { PATH })).toBe(`shim is already at ${home.path(SHIM)}\n`);
    expect(home.run(['doctor'], { PATH }).stdout).not.toContain('another shim');
    expect(home.ok(['status'], { PATH })).not.toMatch(UNREACHED);
  });

  test('a shim that may not be executed is told as that', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(['setup', '--count', '1', '--install-shim']);
    chmodSync(home.path(SHIM), 0o644);
    const status = home.ok(['status']);
    expect(status).toMatch(UNREACHED);
    expect(status).toContain(`the shim ${home.path(SHIM)} may not be executed, so`);
    home.ok(['install-shim']);
    expect(home.ok(['status'])).not.toMatch(UNREACHED);
  });
});

describe('Codex’s own installer', () => {
  test('comes after us: the shim is never at its place, and each way in says that it comes first', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.writeVault('acc2', 'bob');
    home.ok(['setup', '--accounts', 'acc1,acc2']);
    home.ok(['install-shim', '--rc'], { PATH: BARE_PATH(home) });
    const before = pathOfNewShell(home, BARE_PATH(home));
    expect(runCodex(home, ['mcp'], before).stdout).toBe('real codex: mcp\n');
    expect(home.ok(['status'], { PATH: before })).not.toMatch(UNREACHED);

    installOfficially(home);
    const PATH = pathOfNewShell(home, BARE_PATH(home));
    expect(PATH.startsWith(home.path('.local/bin:'))).toBe(true);
    expect(runCodex(home, ['mcp'], PATH).stdout).toBe('official: mcp\n');
    const says = `${home.path('.local/bin/codex')} comes before the shim ${home.path(SHIM)} on PATH, so`;
    const status = home.run(['status'], { PATH });
    expect(status.stdout.split('\n').filter((line) => UNREACHED.test(line))).toEqual([
      expect.stringContaining(says),
    ]);
    for (const command of [['use', 'acc2'], ['next']]) {
      const ran = home.run(command, { PATH });
      expect(ran.status).toBe(0);
      expect(ran.stderr).toContain(says);
    }
    const hot = spawnSync(process.execPath, [HOT, 'exec', 'hi'], {
      env: { ...home.env, PATH },
      encoding: 'utf8',
    });
    expect(hot.stdout).toMatch(/^official: .*exec.*hi\n$/);
    expect(hot.stderr.match(/^codex-hotswap: .*$/gm)).toEqual([expect.stringContaining(says)]);

    const mended = home.ok(['install-shim', '--rc'], { PATH });
    expect(mended).toContain('moved to the end of ~/.bashrc');
    const after = pathOfNewShell(home, BARE_PATH(home));
    expect(runCodex(home, ['mcp'], after).stdout).toBe('official: mcp\n'); // by the shim
    expect(home.ok(['status'], { PATH: after })).not.toMatch(UNREACHED);
    expect(home.read('.bashrc').match(/codex-hotswap\/bin/g)).toHaveLength(1);
  });

  test('meets the shim of an older version: it works till a shell finds the new one, and is removed then', () => {
    const home = createHome();
    const old = home.path('.local/bin/codex');
    const legacy = home.ok(['install-shim']) && home.read(SHIM);
    home.ok(['uninstall-shim']);
    home.write('.local/bin/codex', legacy, 0o755);
    const PATH = [home.path('.local/bin'), BARE_PATH(home)].join(':');
    expect(runCodex(home, ['mcp'], PATH).stdout).toBe('real codex: mcp\n');
    expect(home.run(['doctor'], { PATH }).stdout).toContain(`installers of Codex overwrite ${old}`);
    const first = home.ok(['install-shim', '--rc'], { PATH });
    expect(first).toContain(`shim created at ${home.path(SHIM)}`);
    expect(first).toContain(`the shim ${old} still works`);
    expect(runCodex(home, ['mcp'], PATH).stdout).toBe('real codex: mcp\n');
    const newPath = pathOfNewShell(home, PATH);
    const second = home.ok(['install-shim'], { PATH: newPath });
    expect(second).toContain(`removed the shim ${old}`);
    expect(home.exists('.local/bin/codex')).toBe(false);
    expect(runCodex(home, ['mcp'], newPath).stdout).toBe('real codex: mcp\n');

    home.write('.local/bin/codex', legacy, 0o755);
    installOfficially(home);
    expect(runCodex(home, ['mcp'], newPath).stdout).toBe('official: mcp\n'); // the shim runs it
    expect(home.ok(['install-shim'], { PATH: newPath })).toContain('shim updated at');
    home.ok(['uninstall-shim'], { PATH: newPath });
    expect(lstatSync(old).isSymbolicLink()).toBe(true);
  });

  test.each([
    ['~/.local/bin', '.local/bin', () => {}],
    ['CODEX_INSTALL_DIR', 'tools', () => {}],
    ['a directory inside its packages', '.codex/packages/standalone/current/bin', () => {}],
    ['npm’s directory', 'npm/bin', (home: Home) => home.write('npm/lib/node_modules/x', '')],
    ['bun’s directory', '.bun/bin', () => {}],
    ['pnpm’s directory', 'pnpm', () => {}],
  ])('is not given the shim: %s', (_what, dir, prepare) => {
    const home = createHome();
    prepare(home);
    const places = { CODEX_INSTALL_DIR: home.path('tools'), PNPM_HOME: home.path('pnpm') };
    const ran = home.run(['install-shim', '--shim-path', home.path(dir, 'codex')], places);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/^codex-hotswap: .* puts codex into .*\n$/);
    expect(home.exists(join(dir, 'codex'))).toBe(false);
  });

  test.each([
    ['none was ever installed', () => {}, ''],
    ['it is switched off', (home: Home) => home.ok(['install-shim']) && home.ok(['disable']), ''],
    [
      'it was uninstalled',
      (home: Home) => home.ok(['install-shim']) && home.ok(['uninstall-shim']),
      '',
    ],
    ['it is gone', (home: Home) => home.ok(['install-shim']) && rmSync(home.path(SHIM)), 'is gone'],
    ['it is in no directory of PATH', (home: Home) => home.ok(['install-shim']), 'is not on PATH'],
    [
      'it may not be executed',
      (home: Home) => home.ok(['install-shim']) && home.write(SHIM, home.read(SHIM), 0o644),
      'may not be executed',
    ],
  ])('status, and a shim of which is true: %s', (_what, prepare, says) => {
    const home = createHome();
    home.ok(['setup', '--count', '1']);
    prepare(home);
    const status = home.ok(['status'], { PATH: BARE_PATH(home) });
    if (says === '') expect(status).not.toMatch(/shim/);
    else
      expect(status).toMatch(new RegExp(`shim .*codex-hotswap/bin/codex ${says}, so .codex. runs`));
  });
});

describe('enable and disable', () => {
  test('disable hands over to plain codex under the current target; enable takes it back', () => {
    const home = createHome();
    home.writeVault('acc1', 'ann');
    home.ok(['setup', '--count', '1', '--install-shim']);
    home.ok(['disable']);
    expect(runCodex(home, ['a prompt']).stdout).toBe('real codex: a prompt\n');
    expect(home.read('.codex/auth.json')).toBe(home.read('.codex-acc1/auth.json'));
    expect(home.ok(['status'])).toContain('codex-hotswap is off');
    home.ok(['enable']);
    expect(home.ok(['status'])).not.toContain('codex-hotswap is off');
  });

  test.each(['enable', 'install-shim'])(
    '%s after an uninstall: one login again, not two',
    (command) => {
      const home = createHome();
      home.writeVault('acc1', 'ann');
      home.ok(['setup', '--accounts', 'acc1', '--install-shim']);
      home.ok(['uninstall']);
      expect(lstatSync(home.path('.codex/auth.json')).isFile()).toBe(true);
      home.ok([command]);
      expect(readlinkSync(home.path('.codex/auth.json'))).toBe(home.path('.codex-acc1/auth.json'));
    },
  );

  test('enable installs a missing shim', () => {
    const home = createHome();
    home.ok(['setup']);
    home.ok(['enable']);
    expect(home.exists(SHIM)).toBe(true);
  });

  test('disable works even if the configuration is broken', () => {
    const home = createHome();
    home.ok(['setup', '--install-shim']);
    home.write('.config/codex-hotswap/config.json', '[]');
    expect(home.run(['disable']).status).toBe(78);
    expect(runCodex(home, ['a prompt']).stdout).toBe('real codex: a prompt\n');
  });

  /** What a shell gets: whether the flag is there, the shim, the configuration, the link of the shared home. */
  function stateOf(home: Home) {
    const shared = home.path('.codex/auth.json');
    return {
      off: home.exists('.local/state/codex-hotswap/disabled'),
      shim: home.exists(SHIM),
      config: home.exists(CONFIG) && home.read(CONFIG),
      link: existsSync(shared) && lstatSync(shared).isSymbolicLink() && readlinkSync(shared),
      codex: runCodex(home, ['mcp']).stdout,
    };
  }

  const STATES: [string, (home: Home) => unknown][] = [
    ['nothing is set up', () => {}],
    ['the shim alone is there', (home) => home.ok(['install-shim'])],
    ['accounts without a shim', (home) => home.ok(['setup', '--count', '2'])],
    ['accounts and a shim', (home) => home.ok(['setup', '--count', '2', '--install-shim'])],
    [
      'an account that is logged in',
      (home) => {
        home.writeVault('acc1', 'ann');
        home.ok(['setup', '--count', '2', '--install-shim']);
      },
    ],
    [
      'an account that is off',
      (home) =>
        home.ok(['setup', '--count', '2', '--install-shim']) && home.ok(['disable', 'acc2']),
    ],
    ['a broken configuration', (home) => home.ok(['install-shim']) && home.write(CONFIG, '[]')],
  ];

  test.each(STATES)('are each other’s inverse: %s', (_what, prepare) => {
    const home = createHome();
    prepare(home);
    const on = stateOf(home);
    home.run(['disable']);
    const off = stateOf(home);
    expect(off).toEqual({ ...on, off: true });
    home.run(['disable']);
    expect(stateOf(home)).toEqual(off);
    home.run(['enable']);
    expect(stateOf(home)).toEqual(on);
    home.run(['disable']);
    expect(stateOf(home)).toEqual(off);
  });

  test.each(STATES.slice(2, 6))('of one account are each other’s inverse: %s', (_what, prepare) => {
    const home = createHome();
    prepare(home);
    const account = _what.includes('off') ? 'acc1' : 'acc2';
    const on = stateOf(home);
    home.ok(['disable', account]);
    const off = stateOf(home);
    expect(off.config).not.toEqual(on.config);
    home.ok(['enable', account]);
    expect(JSON.parse(stateOf(home).config as string)).toEqual(JSON.parse(on.config as string));
    home.ok(['disable', account]);
    expect(stateOf(home)).toEqual(off);
  });

  test('before the set-up, enable advises the set-up and nothing else', () => {
    const home = createHome();
    home.ok(['disable']);
    expect(home.ok(['enable'])).toBe(
      'codex-hotswap is on; no accounts are set up yet; run: codex-hotswap setup\n',
    );
    home.ok(['setup', '--count', '1']);
    home.ok(['disable']);
    expect(home.ok(['enable'])).toBe(
      'codex-hotswap is on; to run `codex` through it: codex-hotswap install-shim\n',
    );
  });

  test('setup says that it is off', () => {
    const home = createHome();
    home.ok(['disable']);
    expect(home.ok(['setup', '--count', '1'])).toContain('next: codex-hotswap enable');
  });
});

describe('setup', () => {
  test('does not advise a shim that is first on PATH already', () => {
    const home = createHome();
    home.ok(['install-shim']);
    expect(home.ok(['setup', '--accounts', 'a,b'])).not.toContain('install-shim');
    expect(home.ok(['setup', '--force', '--accounts', 'a,b'], { PATH: BARE_PATH(home) })).toContain(
      'next: codex-hotswap install-shim',
    );
  });

  test.each([
    ['fails', { FAKE_STATUS: '3' }],
    ['leaves nothing behind', {}],
  ])(
    'goes on with the rest when a login %s, says what is left, and ends with 1',
    (_what, extra) => {
      const home = createHome();
      home.writeVault('b', 'bob');
      const ran = home.run(['setup', '--accounts', 'a,b,c', '--login', '--install-shim'], extra);
      expect(ran.status).toBe(1);
      expect(ran.stderr.match(/nothing was changed; try again; the set-up goes on/g)).toHaveLength(
        2,
      );
      expect(ran.stdout).toContain(`shim created at ${home.path(SHIM)}`);
      expect(ran.stdout.match(/^next: .*$/gm)).toEqual([
        'next: codex-hotswap login a',
        'next: codex-hotswap login c',
      ]);
      expect(ran.stdout).not.toContain('then type codex');
      // The same words again do what is left.
      const login = home.login('ann');
      const again = ['setup', '--force', '--accounts', 'a', '--login', '--install-shim'];
      expect(home.run(again, { FAKE_LOGIN: login }).stdout).toContain('a is now logged in as');
    },
  );

  test('without a codex goes on, too, and says it once', () => {
    const home = createHome();
    rmSync(home.path('programs/codex'));
    const ran = home.run(['setup', '--count', '2', '--login', '--install-shim']);
    expect(ran.status).toBe(1);
    expect(ran.stderr.match(/there is no codex on PATH/g)).toHaveLength(1);
    expect(home.exists(SHIM)).toBe(true);
  });

  test('with a configuration that has no accounts needs no --force', () => {
    const home = createHome();
    home.ok(['setup', '--count', '1']);
    home.ok(['remove', 'acc1']);
    expect(home.run(['status']).stderr).toMatch(/no accounts\); run: codex-hotswap setup\n$/);
    expect(home.ok(['setup'])).toContain('accounts: acc1, acc2');
  });
});
