import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findOffPath, USUAL_DIRS } from '../../../src/codex/usual-places.ts';
import { createSandbox } from './sandbox.ts';

// cron, launchd, programs of a desktop and editors call the shim by its full path, with a PATH that has no codex.

/** A PATH without codex and without node. */
const BARE = '/nowhere/bin';

/** The shim's answer and that of the launcher are one. */
function findBoth(sandbox: ReturnType<typeof createSandbox>, recorded: string, node?: string) {
  const home = sandbox.path('home');
  const nodeFile = node ?? sandbox.path('node/bin/node');
  const file = sandbox.writeShim('shim/codex', { codex: recorded, node: nodeFile });
  const ran = sandbox.run(['--version'], { env: { PATH: BARE }, file });
  const found = findOffPath([recorded, nodeFile.replace(/node$/, 'codex')], home);
  expect(ran.path).toBe(found);
  expect(ran.status).toBe(found === undefined ? 127 : 0);
  expect(ran.stderr).toMatch(found === undefined ? /^codex-hotswap: no codex [^\n]*\n$/ : /^$/);
  return found;
}

describe('the record', () => {
  test.each([
    ['as it was', 'real/codex'],
    ['with a space and quotes', `it's "here" $HOME \`x\` \\/codex`],
    ['with a line break', 'two\nlines/codex'],
    ['of a directory that begins with a hyphen', '-n/codex'],
    ['with a pattern', '*[a-z]?/codex'],
    ['in other letters', 'ü日/codex'],
  ])('%s leads to the real codex', (_what, name) => {
    const sandbox = createSandbox();
    const real = sandbox.writeReporter(name, 'codex');
    expect(findBoth(sandbox, real)).toBe(real);
  });

  test('is a link, and an update changes where it leads', () => {
    const sandbox = createSandbox();
    const link = sandbox.path('bin/codex');
    mkdirSync(sandbox.path('bin'));
    for (const version of ['one', 'two']) {
      rmSync(link, { force: true });
      symlinkSync(sandbox.writeReporter(`${version}/codex.js`, version), link);
      expect(findBoth(sandbox, link)).toBe(link);
      expect(sandbox.run([], { env: { PATH: BARE, CODEX_HOTSWAP_BYPASS: '1' } }).program).toBe(
        version,
      );
    }
  });

  type Spoil = (sandbox: ReturnType<typeof createSandbox>) => string;
  const SPOILT: [string, Spoil][] = [
    ['empty', () => ''],
    ['missing', (sandbox) => sandbox.path('gone/codex')],
    ['relative', () => 'real/codex'],
    [
      'a directory',
      (sandbox) => {
        mkdirSync(sandbox.path('dir/codex'), { recursive: true });
        return sandbox.path('dir/codex');
      },
    ],
    [
      'a link that leads to itself',
      (sandbox) => {
        symlinkSync('loop', sandbox.path('loop'));
        return sandbox.path('loop');
      },
    ],
    [
      'a link into nothing',
      (sandbox) => {
        symlinkSync('nothing', sandbox.path('broken'));
        return sandbox.path('broken');
      },
    ],
    ['not executable', (sandbox) => sandbox.write('plain/codex', '#!/bin/sh\n', 0o644)],
    ['below a file', (sandbox) => `${sandbox.write('file', '')}/codex`],
    ['this shim', (sandbox) => sandbox.shim],
    ['a copy of the shim', (sandbox) => sandbox.writeShim('copy/codex')],
    [
      'a link to a copy of the shim',
      (sandbox) => {
        sandbox.writeShim('copy/other');
        symlinkSync(sandbox.path('copy/other'), sandbox.path('copy/codex'));
        return sandbox.path('copy/codex');
      },
    ],
    [
      'a named pipe',
      (sandbox) => {
        spawnSync('mkfifo', [sandbox.path('pipe')]);
        chmodSync(sandbox.path('pipe'), 0o755);
        return sandbox.path('pipe');
      },
    ],
    ['of another user’s shared directory', () => '/tmp/codex-9.9.9/bin/codex'],
  ];
  test.each(SPOILT)('%s is passed over: a usual place, else 127 and one line', (_what, spoil) => {
    const sandbox = createSandbox();
    const recorded = spoil(sandbox);
    expect(findBoth(sandbox, recorded)).toBeUndefined();
    const usual = sandbox.writeReporter('home/.local/bin/codex', 'codex');
    expect(findBoth(sandbox, recorded)).toBe(usual);
  });

  test('comes after PATH, and a file on PATH without the x bit is said, as a shell says it', () => {
    const sandbox = createSandbox();
    const recorded = sandbox.writeReporter('recorded/codex', 'recorded');
    sandbox.writeShim('shim/codex', { codex: recorded });
    expect(sandbox.run(['--version']).path).toBe(sandbox.real);
    chmodSync(sandbox.real, 0o644);
    const ran = sandbox.run(['--version']);
    expect(ran).toMatchObject({ status: 126, program: undefined });
    expect(ran.stderr).toMatch(/may not be executed/);
  });
});

describe('a version’s directory that an update has removed', () => {
  test.each([
    ['nvm', '.nvm/versions/node/v*/bin/codex', '22.1.0', '24.0.1'],
    ['fnm', '.local/share/fnm/node-versions/v*/installation/bin/codex', '22.1.0', '24.0.1'],
    ['mise', '.local/share/mise/installs/npm-openai-codex/*/bin/codex', '0.130.0', '0.171.0'],
    ['Homebrew', 'Cellar/codex/*/bin/codex', '0.130.0', '0.171.0_1'],
    ['standalone', 'releases/*/bin/codex', '0.130.0-x86_64', '0.171.0-x86_64'],
  ])('%s: the newest other one', (_who, place, before, after) => {
    const sandbox = createSandbox();
    const at = (version: string) => `home/${place.replace('*', version)}`;
    const recorded = sandbox.path(at(before));
    const put = (version: string, ageSeconds: number) => {
      const file = sandbox.writeReporter(at(version), version);
      const dir = file.slice(0, file.indexOf(version) + version.length);
      const time = Date.now() / 1000 - ageSeconds;
      utimesSync(dir, time, time);
      return file;
    };
    put('9.9.9-older', 200);
    const newest = put(after, 100);
    sandbox.write(at('9.9.9-newest-but-empty').replace(/codex$/, 'other'), '');
    expect(findBoth(sandbox, recorded)).toBe(newest);
    expect(findBoth(sandbox, '', recorded.replace(/codex$/, 'node'))).toBe(newest);
    const own = put(before, 300);
    expect(findBoth(sandbox, recorded)).toBe(own);
  });

  test.each([
    ['a home of another user', 'users/1anna/bin/codex', 'users/2bob/bin/codex'],
    ['a project', 'projects/v2/bin/codex', 'projects/v3/bin/codex'],
  ])('%s is no version', (_what, recorded, other) => {
    const sandbox = createSandbox();
    sandbox.writeReporter(other, 'other');
    expect(findBoth(sandbox, sandbox.path(recorded))).toBeUndefined();
  });

  test('in a directory into which everybody writes: none is taken', () => {
    const sandbox = createSandbox();
    sandbox.writeReporter('shared/0.171.0/bin/codex', 'other');
    chmodSync(sandbox.path('shared'), 0o1777);
    expect(findBoth(sandbox, sandbox.path('shared/0.130.0/bin/codex'))).toBeUndefined();
  });
});

describe('where installers put codex', () => {
  test.each(USUAL_DIRS.filter((dir) => dir.startsWith('~')))('%s', (dir) => {
    const sandbox = createSandbox();
    const file = sandbox.writeReporter(`${dir.replace('~', 'home')}/codex`, 'codex');
    expect(findBoth(sandbox, '')).toBe(file);
  });

  test('beside the node that codex-hotswap was installed with', () => {
    const sandbox = createSandbox();
    const file = sandbox.writeReporter('node/bin/codex', 'codex');
    sandbox.writeReporter('home/.local/bin/codex', 'other');
    expect(findBoth(sandbox, '')).toBe(file);
  });

  test('an old shim of ours in a usual place is passed over', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('home/.local/bin/codex');
    const file = sandbox.writeReporter('home/bin/codex', 'codex');
    expect(findBoth(sandbox, '')).toBe(file);
  });
});

describe('Node off PATH', () => {
  test('a turn runs under the node of then, with the codex of the record', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('shim/codex', { codex: sandbox.real });
    const ran = sandbox.run(['fix it'], { env: { PATH: BARE } });
    expect(ran).toMatchObject({ program: 'node', stderr: '', status: 0 });
    expect(ran.args).toEqual([sandbox.path('lib/launch.js'), sandbox.real, 'fix it']);
  });

  test('a node that an update has moved is found like a codex', () => {
    const sandbox = createSandbox();
    const node = sandbox.path('home/.nvm/versions/node/v22.1.0/bin/node');
    sandbox.writeShim('shim/codex', { codex: sandbox.real, node });
    sandbox.writeReporter('home/.nvm/versions/node/v24.0.0/bin/node', 'newer');
    expect(sandbox.run(['fix it'], { env: { PATH: BARE } })).toMatchObject({ program: 'newer' });
    expect(sandbox.run(['fix it'])).toMatchObject({ program: 'newer' });
    rmSync(sandbox.path('home/.nvm'), { recursive: true });
    sandbox.writeReporter('home/.volta/bin/node', 'usual');
    expect(sandbox.run(['fix it'], { env: { PATH: BARE } })).toMatchObject({ program: 'usual' });
  });

  test('a node that has become a directory is none', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('shim/codex', { node: sandbox.path('lib') });
    expect(sandbox.run(['fix it'])).toMatchObject({ program: 'codex', status: 0 });
  });

  test('a codex that is a script finds its node: at the end of PATH, once', () => {
    const sandbox = createSandbox();
    sandbox.write('node/bin/node', '#!/bin/sh\nprintf "%s\\0" node "$PATH" "$@"\n');
    const script = sandbox.write('npm/codex', '#!/usr/bin/env node\n');
    sandbox.writeShim('shim/codex', { codex: script });
    const ran = sandbox.run(['--version'], { env: { PATH: BARE } });
    expect(ran).toMatchObject({ program: 'node', args: [script, '--version'], stderr: '' });
    expect(ran.path).toBe(`${BARE}:${sandbox.path('node/bin')}`);
    const known = sandbox.run([], { env: { PATH: ran.path ?? '', CODEX_HOTSWAP_BYPASS: '1' } });
    expect(known.path).toBe(ran.path);
  });
});

describe('a shell inside a session', () => {
  test('calls the shim by its full path, with the variables of that session', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('shim/codex', { codex: sandbox.real });
    const slot = sandbox.path('home/.local/state/codex-hotswap/runtime/slot-1');
    const env = {
      PATH: BARE,
      CODEX_HOME: slot,
      CODEX_HOTSWAP_HOME: sandbox.path('home/.codex'),
      CODEX_HOTSWAP_SHIM: `1:1:${sandbox.shim}:${sandbox.real}`,
      CODEX_HOTSWAP_TERMIOS: '500:5',
      CODEX_HOTSWAP_IGNORES_HUP: '1',
    };
    expect(sandbox.run(['fix it'], { env })).toMatchObject({ program: 'node', stderr: '' });
    expect(sandbox.run(['--version'], { env })).toMatchObject({ path: sandbox.real, stderr: '' });
  });

  test('two shims and nothing else end in one line, and do not call each other for ever', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('other/codex', { codex: sandbox.shim });
    sandbox.writeShim('shim/codex', { codex: join(sandbox.path('other'), 'codex') });
    for (const PATH of [BARE, sandbox.path('other'), sandbox.path('shim')]) {
      const ran = sandbox.run(['--version'], { env: { PATH } });
      expect(ran).toMatchObject({ status: 127, program: undefined });
      expect(ran.stderr).toMatch(/^codex-hotswap: no codex [^\n]*\n$/);
    }
    sandbox.writeShim('other/codex', { codex: sandbox.real });
    const ran = sandbox.run(['--version'], { env: { PATH: sandbox.path('other') } });
    expect(ran).toMatchObject({ status: 0, path: sandbox.real });
  });
});

test.each([['dash'], ['bash'], ['bash', '--posix'], ['zsh', '--emulate', 'sh'], ['busybox', 'sh']])(
  'runs under %s %s too, which /bin/sh may be',
  (shell, ...options) => {
    if (spawnSync('sh', ['-c', `command -v ${shell}`]).status !== 0) return;
    const sandbox = createSandbox();
    const under = (codex: string) =>
      sandbox.run([shell, ...options, sandbox.writeShim('shim/codex', { codex }), '--version'], {
        env: { PATH: '/usr/sbin:/usr/bin:/bin' },
        file: '/usr/bin/env',
      });
    const real = sandbox.writeReporter('with space/v1.2/codex', 'codex');
    expect(under(real)).toMatchObject({ path: real, stderr: '' });
    expect(under(sandbox.path('with space/v1.3/codex'))).toMatchObject({ path: real, stderr: '' });
    expect(under('')).toMatchObject({ status: 127 });
    const usual = sandbox.writeReporter('home/.bun/bin/codex', 'codex');
    expect(under('')).toMatchObject({ path: usual, stderr: '' });
  },
);
