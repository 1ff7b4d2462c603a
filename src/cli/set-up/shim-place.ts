import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { findRealCodex, listCodexOnPath } from '../../codex/find-codex.ts';
import { inspectShim } from './shim-file.ts';

/** What a shell with this PATH runs for `codex`. */
export type Reach =
  /** It runs the shim. */
  | { kind: 'first' }
  /** Another codex comes before the shim's directory. */
  | { kind: 'shadowed'; by: string }
  /** The shim's directory is not on PATH. */
  | { kind: 'off-path' };

/**
 * The place for the shim: the place of an existing shim; else the usual directory of the user's programs, if it comes before
 * the real codex on PATH and has no codex; else our own directory, which no installer uses.
 */
export function chooseShimPath(env: NodeJS.ProcessEnv, home: string): string {
  const existing = findShims(env, home)[0];
  if (existing !== undefined) return existing;
  const own = ownShimPath(env, home);
  const candidates = [own, join(home, '.local/bin/codex'), join(home, 'bin/codex')];
  const fit = candidates.find(
    (path) =>
      inspectShim(path) === 'missing' &&
      isUsersDir(dirname(path)) &&
      reachOf(path, env).kind === 'first',
  );
  return fit ?? own;
}

/** Our shims in this home: first those on PATH, then the one in our own directory. */
export function findShims(env: NodeJS.ProcessEnv, home: string): string[] {
  const onPath = listCodexOnPath(env).filter((path) => path.startsWith(`${home}/`));
  const paths = [...new Set([...onPath, ownShimPath(env, home)])];
  return paths.filter((path) => inspectShim(path) === 'ours');
}

/** What would be run if there were a shim at `path`. */
export function reachOf(path: string, env: NodeJS.ProcessEnv): Reach {
  const dirs = pathDirs(env);
  const own = dirs.indexOf(resolve(dirname(path)));
  const real = findRealCodex(env, { skip: [path] });
  if (own === -1) return { kind: 'off-path' };
  if (real.kind !== 'found' || dirs.indexOf(resolve(dirname(real.path))) > own) {
    return { kind: 'first' };
  }
  return { kind: 'shadowed', by: real.path };
}

/** The line for the shell's start-up file that puts `dir` first. */
export function pathLine(dir: string, env: NodeJS.ProcessEnv, home: string): string {
  const shown = dir.startsWith(`${home}/`) ? `$HOME${dir.slice(home.length)}` : dir;
  return env.SHELL?.endsWith('/fish')
    ? `fish_add_path --move --path "${shown}"`
    : `export PATH="${shown}:$PATH"`;
}

/** The start-up file of the user's shell, as it is usually called. */
export function profileOf(env: NodeJS.ProcessEnv): string {
  const shell = env.SHELL?.split('/').at(-1);
  if (shell === 'zsh') return '~/.zshrc';
  if (shell === 'bash') return '~/.bashrc';
  if (shell === 'fish') return '~/.config/fish/config.fish';
  return '~/.profile';
}

function ownShimPath(env: NodeJS.ProcessEnv, home: string): string {
  const data = env.XDG_DATA_HOME;
  const base = data !== undefined && isAbsolute(data) ? data : join(home, '.local/share');
  return join(base, 'codex-hotswap/bin/codex');
}

function pathDirs(env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? '').split(delimiter).map((dir) => resolve(dir || '.'));
}

/** Whether only the user writes there. Group-writable is allowed: some systems give each user a group, and set that mode. */
function isUsersDir(dir: string): boolean {
  const stats = statSync(dir, { throwIfNoEntry: false });
  if (stats === undefined) return true; // on PATH, so it is meant to be there
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || stats.mode & 0o002) return false;
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
