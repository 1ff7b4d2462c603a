import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HotswapError } from '../../errors.ts';
import { findShims, inspectShim, ownShimPath } from '../../launch/shim-place.ts';
import type { Paths } from '../../state/paths.ts';
import { absolute } from '../../state/state-dir.ts';

type Env = NodeJS.ProcessEnv;

/**
 * Where to put the shim: where the user says, else where a shim is already, else in a directory of its own. An installer of
 * Codex would overwrite a shim in its directory, so a shim that an older version has put there moves.
 * @param wished the path that the user has given.
 * @throws HotswapError `usage` when the user has given a path that an installer of Codex owns.
 */
export function chooseShimPath(env: Env, paths: Paths, wished?: string): string {
  if (wished !== undefined) {
    const path = resolve(wished);
    const owner = ownerOfPlace(path, env, paths);
    if (owner === undefined || inspectShim(path) === 'foreign') return path; // installShim refuses that
    throw new HotswapError(
      'usage',
      `${owner} puts codex into ${dirname(path)}, and would overwrite the shim there`,
      'leave --shim-path out, or name a directory into which nothing installs programs',
    );
  }
  const existing = findShims(env, paths).find((path) => !ownerOfPlace(path, env, paths));
  return existing ?? ownShimPath(env, paths.home);
}

/** Our shims that an installer of Codex would overwrite. Older versions of ours have put them there. */
export function findMisplacedShims(env: Env, paths: Paths): string[] {
  return findShims(env, paths).filter((path) => ownerOfPlace(path, env, paths) !== undefined);
}

/** Which installer puts a codex into the directory of this path. */
function ownerOfPlace(path: string, env: Env, { home, sharedHome }: Paths): string | undefined {
  const dir = dirname(path);
  // The official one replaces `codex` there without a question (fact 110).
  const official = [absolute(env.CODEX_INSTALL_DIR), join(home, '.local/bin')];
  if (official.includes(dir)) return 'the installer of Codex';
  if (dir.startsWith(join(sharedHome, 'packages/'))) return 'the installer of Codex';
  if (dir === join(home, '.bun/bin')) return 'bun';
  if (dir === absolute(env.PNPM_HOME)) return 'pnpm';
  return existsSync(join(dirname(dir), 'lib/node_modules')) ? 'npm' : undefined;
}
