import { accessSync, constants, existsSync, lstatSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { findRealCodex, isOurShim, listCodexOnPath } from '../codex/find-codex.ts';
import { attempt } from '../state/attempt.ts';
import type { Paths } from '../state/paths.ts';
import { readShimRecord } from '../state/shim-record.ts';
import { absolute } from '../state/state-dir.ts';

type ShimPaths = Pick<Paths, 'home' | 'shimFile'>;

/** Whether a shell with this PATH runs a certain shim for `codex`. */
export type Reach =
  /** The shell runs the shim. */
  | { kind: 'first' }
  /** Another codex comes before the shim's directory. */
  | { kind: 'shadowed'; by: string }
  /** The shim's directory is not on PATH. */
  | { kind: 'off-path' };

/**
 * Says that `codex` does not run through the shim that was installed, and how to mend it. It starts no process.
 * @returns one line; undefined when `codex` runs through a shim, when no shim was ever installed, and while we are off.
 */
export function tellUnreachedShim(
  env: NodeJS.ProcessEnv,
  paths: ShimPaths & Pick<Paths, 'disabledFlag'>,
): string | undefined {
  if (existsSync(paths.disabledFlag)) return undefined;
  const first = listCodexOnPath(env).find(isExecutable);
  if (first !== undefined && isOurShim(first)) return undefined;
  const shim = findShims(env, paths)[0];
  if (shim === undefined) {
    const gone = readShimRecord(paths)?.shim;
    if (gone === undefined) return undefined;
    return `the shim ${gone} is gone, so \`codex\` runs without codex-hotswap; to put it back: codex-hotswap install-shim`;
  }
  return `${tellWhy(shim, first, env)}, so \`codex\` runs without codex-hotswap; to mend it: codex-hotswap install-shim, then open a new shell`;
}

function tellWhy(shim: string, first: string | undefined, env: NodeJS.ProcessEnv): string {
  if (!isExecutable(shim)) return `the shim ${shim} may not be executed`;
  return first === undefined || reachOf(shim, env).kind === 'off-path'
    ? `the directory of the shim ${shim} is not on PATH`
    : `${first} comes before the shim ${shim} on PATH`;
}

/**
 * Finds our shims in this home: first the shims on PATH, then the shim that was installed last, then the shims in the places
 * that versions of ours choose.
 */
export function findShims(env: NodeJS.ProcessEnv, paths: ShimPaths): string[] {
  const onPath = listCodexOnPath(env).filter((path) => path.startsWith(`${paths.home}/`));
  const { shim = [], earlier = [] } = readShimRecord(paths) ?? {};
  const usual = ['.local/bin/codex', 'bin/codex'].map((path) => join(paths.home, path));
  const all = [...onPath, shim, earlier, ownShimPath(env, paths.home), usual].flat();
  return [...new Set(all)].filter((path) => inspectShim(path) === 'ours');
}

/** A link is foreign also when it leads to our shim, because another program made it, such as a dotfile manager. */
export function inspectShim(path: string): 'missing' | 'ours' | 'foreign' {
  const stats = attempt(() => lstatSync(path));
  if (stats === undefined) return 'missing';
  return stats.isFile() && isOurShim(path) ? 'ours' : 'foreign';
}

/** What a shell would run for `codex` if a shim were at `path`. */
export function reachOf(path: string, env: NodeJS.ProcessEnv): Reach {
  const dirs = (env.PATH ?? '').split(delimiter).map((dir) => resolve(dir || '.'));
  const own = dirs.indexOf(resolve(dirname(path)));
  const real = findRealCodex(env, { skip: [path] });
  if (own === -1) return { kind: 'off-path' };
  if (real.kind !== 'found' || dirs.indexOf(resolve(dirname(real.path))) > own) {
    return { kind: 'first' };
  }
  return { kind: 'shadowed', by: real.path };
}

/** The shim's place in a directory of its own, which no installer uses. */
export function ownShimPath(env: NodeJS.ProcessEnv, home: string): string {
  const base = absolute(env.XDG_DATA_HOME) ?? join(home, '.local/share');
  return join(base, 'codex-hotswap/bin/codex');
}

function isExecutable(path: string): boolean {
  return attempt(() => accessSync(path, constants.X_OK) ?? true) ?? false;
}
