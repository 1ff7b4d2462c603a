import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

/** Plain `codex` as a shell of this home would run it. */
function runCodex(home: ReturnType<typeof createHome>, args: string[], PATH = home.env.PATH) {
  const env = { ...home.env, PATH };
  return spawnSync('/usr/bin/env', ['codex', ...args], { env, encoding: 'utf8', cwd: home.home });
}

describe('install-shim and uninstall-shim', () => {
  test('uses an early directory of PATH, twice is once, and takes it back', () => {
    const home = createHome();
    const shim = home.path('.local/bin/codex');
    expect(home.ok(['install-shim'])).toContain(`shim created at ${shim}`);
    expect(home.mode('.local/bin/codex')).toBe('755');
    expect(home.ok(['install-shim'])).toBe(`shim is already at ${shim}\n`);
    expect(runCodex(home, ['mcp', 'list']).stdout).toBe('real codex: mcp list\n');
    expect(home.ok(['uninstall-shim'])).toContain(`removed ${shim}`);
    expect(home.exists('.local/bin/codex')).toBe(false);
    expect(home.ok(['uninstall-shim'])).toBe('no shim is installed\n');
  });

  test.each([
    [
      '~/.local/bin comes too late',
      (path: (dir: string) => string) => [path('programs'), path('.local/bin')],
    ],
    ['~/.local/bin is not on PATH', (path: (dir: string) => string) => [path('programs')]],
  ])('%s: a directory of its own, and the line to add', (_what, dirs) => {
    const home = createHome();
    const PATH = [...dirs(home.path), '/usr/bin', '/bin'].join(':');
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
    const PATH = `${home.path('.local/bin')}:${home.path('second')}:${home.env.PATH}`;
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
    home.write('.local/bin/codex', '#!/bin/sh\n# codex-hotswap shim: of old\n', 0o755);
    expect(home.ok(['install-shim'])).toContain('shim updated at');
    expect(runCodex(home, ['mcp']).stdout).toBe('real codex: mcp\n');
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
    expect(home.exists('.local/bin/codex')).toBe(true);
  });

  test('disable works even if the configuration is broken', () => {
    const home = createHome();
    home.ok(['setup', '--install-shim']);
    home.write('.config/codex-hotswap/config.json', '[]');
    expect(home.run(['disable']).status).toBe(78);
    expect(runCodex(home, ['a prompt']).stdout).toBe('real codex: a prompt\n');
  });
});
