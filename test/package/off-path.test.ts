import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHome, SHIM } from './sandbox.ts';

// cron, launchd, programs of a desktop and editors call the shim by its full path, with a PATH that has neither codex nor node.

const BARE = '/nowhere/bin';

function openHome() {
  const home = createHome();
  home.ok(['install-shim', '--no-rc']);
  const recorded = () => JSON.parse(home.read('.local/state/codex-hotswap/shim.json')).codex;
  const runShim = (args: string[], env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(home.path(SHIM), args, {
      env: { HOME: home.home, PATH: BARE, ...env },
      cwd: home.home,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  return { home, recorded, runShim };
}

describe('the shim by its full path', () => {
  test('runs the codex that install-shim has found, and no other', () => {
    const { home, recorded, runShim } = openHome();
    expect(recorded()).toBe(home.path('programs/codex'));
    expect(runShim(['--version'])).toEqual({ status: 0, stdout: 'codex-cli 9.9.9\n', stderr: '' });
    expect(runShim(['exec', 'a b'])).toMatchObject({ status: 0, stdout: 'real codex: exec a b\n' });
    home.write('.local/bin/codex', '#!/bin/sh\necho another\n', 0o755);
    expect(runShim(['--version']).stdout).toBe('codex-cli 9.9.9\n');
    rmSync(home.path('programs/codex'));
    expect(runShim(['--version']).stdout).toBe('another\n');
  });

  test('the same for codex-hotswap itself', () => {
    const { home } = openHome();
    const { stdout } = home.run(['doctor'], { PATH: BARE });
    expect(stdout).toContain(`codex-cli 9.9.9 (${home.path('programs/codex')})`);
    expect(stdout).not.toContain('another installation');
  });

  test('no codex anywhere: 127 and one line', () => {
    const { home, runShim } = openHome();
    rmSync(home.path('programs/codex'));
    for (const args of [['--version'], ['exec', 'a'], []]) {
      const ran = runShim(args);
      // A machine of ours may have one in /usr/local/bin.
      if (ran.status === 0) return;
      expect(ran).toMatchObject({ status: 127, stdout: '' });
      expect(ran.stderr).toMatch(/^codex-hotswap: no codex on PATH [^\n]*npm install[^\n]*\n$/);
    }
  });
});

describe('the record', () => {
  test('is kept by an install-shim that finds no codex, and renewed by one that does', () => {
    const { home, recorded } = openHome();
    const before = recorded();
    home.ok(['install-shim', '--no-rc'], { PATH: BARE });
    expect(recorded()).toBe(before);
    const other = home.write("it's\nhere/codex", '#!/bin/sh\necho other\n', 0o755);
    const PATH = `${home.path("it's\nhere")}:/usr/bin:/bin`;
    expect(home.ok(['install-shim', '--no-rc'], { PATH })).toContain('shim updated at');
    expect(recorded()).toBe(other);
    const ran = spawnSync(home.path(SHIM), ['--version'], { env: { PATH: BARE, HOME: home.home } });
    expect(ran.stdout.toString()).toBe('other\n');
    // Whatever codex is on record, the shim is that of this installation.
    expect(home.run(['doctor']).stdout).not.toContain('another installation');
    expect(home.ok(['install-shim', '--no-rc'], { PATH })).toContain('shim is already at');
  });

  test('outlives the directory that fnm makes for one shell', () => {
    const { home, recorded, runShim } = openHome();
    const lasting = home.path('.local/share/fnm/node-versions/v24.1.0/installation/bin');
    mkdirSync(lasting, { recursive: true });
    home.write(
      '.local/share/fnm/node-versions/v24.1.0/installation/bin/codex',
      '#!/bin/sh\necho fnm\n',
      0o755,
    );
    symlinkSync(process.execPath, `${lasting}/node`);
    mkdirSync(home.path('fnm_multishells'));
    symlinkSync(lasting, home.path('fnm_multishells/1_2'));
    home.ok(['install-shim', '--no-rc'], { PATH: `${home.path('fnm_multishells/1_2')}:/bin` });
    expect(recorded()).toBe(`${lasting}/codex`);
    expect(home.read(SHIM)).not.toContain('fnm_multishells');
    rmSync(home.path('fnm_multishells'), { recursive: true });
    expect(runShim(['--version']).stdout).toBe('fnm\n');
  });

  test('of a codex that is gone is named by doctor, with the cure', () => {
    const { home } = openHome();
    home.write('other/codex', '#!/bin/sh\necho codex-cli 1.2.3\n', 0o755);
    const PATH = `${home.path('other')}:/usr/bin:/bin`;
    rmSync(home.path('programs/codex'));
    const told = `has ${home.path('programs/codex')} on record`;
    expect(home.run(['doctor'], { PATH }).stdout).toContain(told);
    home.ok(['install-shim', '--no-rc'], { PATH });
    expect(home.run(['doctor'], { PATH }).stdout).not.toContain('on record');
  });

  test('goes with the shim', () => {
    const { home } = openHome();
    home.ok(['uninstall-shim']);
    expect(home.exists('.local/state/codex-hotswap/shim.json')).toBe(false);
  });

  test.each([
    ['no JSON', '{'],
    ['another type', JSON.stringify({ shim: '/a', codex: ['/b'] })],
    ['a relative path', JSON.stringify({ shim: '/a', codex: 'codex' })],
    ['the shim', JSON.stringify({ shim: '/a', codex: '@SHIM' })],
  ])('that is damaged harms nothing: %s', (_what, text) => {
    const { home } = openHome();
    home.write('.local/state/codex-hotswap/shim.json', text.replace('@SHIM', home.path(SHIM)));
    rmSync(home.path('programs/codex'));
    const usual = home.write('.bun/bin/codex', '#!/bin/sh\necho codex-cli 1.2.3\n', 0o755);
    expect(home.run(['doctor'], { PATH: BARE }).stdout).toContain(`codex-cli 1.2.3 (${usual})`);
  });
});
