import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { findRealCodex, listCodexOnPath } from '../../codex/find-codex.ts';
import { inspectShim } from './shim-file.ts';

/** Whether a shell with this PATH runs a certain shim for `codex`. */
export type Reach =
  /** The shell runs the shim. */
  | { kind: 'first' }
  /** Another codex comes before the shim's directory. */
  | { kind: 'shadowed'; by: string }
  /** The shim's directory is not on PATH. */
  | { kind: 'off-path' };

/**
 * Where to put the shim. An existing shim keeps its place. Else it is the first directory of these that comes before the real
 * codex on PATH and has no codex: our own, ~/.local/bin, ~/bin. Else it is our own directory, which no installer uses.
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

/** Finds our shims in this home: first the shims on PATH, then the shim in our own directory. */
export function findShims(env: NodeJS.ProcessEnv, home: string): string[] {
  const onPath = listCodexOnPath(env).filter((path) => path.startsWith(`${home}/`));
  const paths = [...new Set([...onPath, ownShimPath(env, home)])];
  return paths.filter((path) => inspectShim(path) === 'ours');
}

/** What a shell would run for `codex` if a shim were at `path`. */
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

/** The line for the shell's start-up file that puts `dir` first on PATH. */
export function pathLine(dir: string, env: NodeJS.ProcessEnv, home: string): string {
  const shown = dir.startsWith(`${home}/`) ? `$HOME${dir.slice(home.length)}` : dir;
  return env.SHELL?.endsWith('/fish')
    ? `fish_add_path --move --path "${shown}"`
    : `export PATH="${shown}:$PATH"`;
}

/** The usual name of the start-up file of the user's shell. */
export function profileOf({ SHELL }: NodeJS.ProcessEnv): string {
  return PROFILES[SHELL?.split('/').at(-1) ?? ''] ?? '~/.profile';
}

const PROFILES: Record<string, string> = {
  zsh: '~/.zshrc',
  bash: '~/.bashrc',
  fish: '~/.config/fish/config.fish',
};

function ownShimPath(env: NodeJS.ProcessEnv, home: string): string {
  const data = env.XDG_DATA_HOME;
  const base = data !== undefined && isAbsolute(data) ? data : join(home, '.local/share');
  return join(base, 'codex-hotswap/bin/codex');
}

function pathDirs(env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? '').split(delimiter).map((dir) => resolve(dir || '.'));
}

/** Whether only the user writes there. A group may write, too: some systems give each user a group, and set that mode. */
function isUsersDir(dir: string): boolean {
  const stats = statSync(dir, { throwIfNoEntry: false });
  if (stats === undefined) return true; // it is on PATH, so a user wants it there
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || stats.mode & 0o002) return false;
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
