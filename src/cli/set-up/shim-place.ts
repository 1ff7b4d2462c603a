import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { findRealCodex, listCodexOnPath } from '../../codex/find-codex.ts';
import { inspectShim } from './shim-file.ts';

/** How a `codex` typed into a shell that has this PATH would fare. */
export type Reach =
  /** It runs the shim. */
  | { kind: 'first' }
  /** Another codex comes before the shim's directory. */
  | { kind: 'shadowed'; by: string }
  /** The shim's directory is not on PATH. */
  | { kind: 'off-path' };

/**
 * Where the shim belongs: where one of ours is already; else the conventional directory of the user's own programs, if
 * it comes before the real codex and has none itself; else a directory of our own, which no installer writes into.
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

/** Shims of ours in this home: on PATH in PATH order, then in our own directory. Those of other homes are not ours to touch. */
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

/** Ours to write (or to make), and not everybody's: group-writable is the default where each user has a group of their own. */
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
