import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

/** Everything below a directory, itself included, as `[mode, path]`; links are left out. */
function listModes(path: string): [string, string][] {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return [];
  const own: [string, string] = [(stats.mode & 0o777).toString(8), path];
  if (!stats.isDirectory()) return [own];
  return [own, ...readdirSync(path).flatMap((name) => listModes(join(path, name)))];
}

test.each(['000', '022', '077', '277', '777'])(
  'umask %s: all that is ours is ours alone',
  (umask) => {
    const home = createHome();
    home.write('.codex/auth.json', '');
    home.login('zoe');
    const run = (words: string[], extra: Record<string, string> = {}) => {
      const script = `umask ${umask}; exec "$0" "$@"`;
      const ran = spawnSync('/bin/sh', ['-c', script, process.execPath, COMMAND, ...words], {
        env: { ...home.env, ...extra },
        cwd: home.home,
        encoding: 'utf8',
      });
      if (ran.status !== 0) throw new Error(`${words.join(' ')}: ${ran.stderr}`);
    };
    run(['setup', '--accounts', 'acc1,acc2']);
    run(['login', 'acc1'], { FAKE_LOGIN: home.login('ann'), FAKE_UMASK: umask });
    run(['login', 'acc2', '--replace-account'], { FAKE_LOGIN: home.login('bob') });
    run(['login', 'acc2', '--replace-account'], { FAKE_LOGIN: home.login('cyd') });
    run(['import', home.login('zoe'), '--as', 'third']);
    run(['rename', 'third', 'spare']);
    run(['use', 'acc2']);
    run(['config', 'set', 'strategy', 'most-left']);
    run(['disable']);

    const ours = ['.codex-acc1', '.codex-acc2', '.codex-spare', '.config/codex-hotswap']
      .concat('.local/state/codex-hotswap')
      .flatMap((dir) => listModes(home.path(dir)));
    const isDir = (path: string) => lstatSync(path).isDirectory();
    expect(ours.length).toBeGreaterThan(12);
    expect(ours.filter(([mode, path]) => mode !== (isDir(path) ? '700' : '600'))).toEqual([]);
  },
);
