import { accessSync, constants, mkdirSync, readFileSync, realpathSync, unlinkSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { HotswapError } from '../../errors.ts';
import { inspectShim } from '../../launch/shim-place.ts';
import { quoteForShell } from '../../shell-word.ts';
import { attempt } from '../../state/attempt.ts';
import { replaceFile } from '../../state/files.ts';
import { LAUNCH_PROGRAM, SHIM_TEMPLATE } from '../../state/package-files.ts';

export type ShimInstall = 'created' | 'updated' | 'unchanged';

/**
 * Writes our shim to `path`. Never replaces or renames a file that is not our shim.
 * @throws HotswapError `not-our-shim`, `home-unwritable`.
 */
export function installShim(path: string, env: NodeJS.ProcessEnv): ShimInstall {
  const content = renderShim(env);
  const before = inspectShim(path);
  if (before === 'foreign') throw foreign(path, 'choose another place with --shim-path');
  if (before === 'ours' && isUnchanged(path, content)) return 'unchanged';
  makeDir(dirname(path));
  replaceFile(path, content, { mode: 0o755 });
  return before === 'ours' ? 'updated' : 'created';
}

/** Removes our shim. @throws HotswapError `not-our-shim` when another file is there. */
export function removeShim(path: string): 'removed' | 'missing' {
  const found = inspectShim(path);
  if (found === 'foreign') throw foreign(path, 'nothing was removed');
  if (found === 'missing') return 'missing';
  unlinkSync(path);
  return 'removed';
}

/** Whether this installation would write the same shim to `path`. */
export function isCurrentShim(path: string, env: NodeJS.ProcessEnv): boolean {
  return isUnchanged(path, renderShim(env));
}

function renderShim(env: NodeJS.ProcessEnv): string {
  const template = readFileSync(SHIM_TEMPLATE, 'utf8');
  return template
    .replace('@NODE@', () => quoteForShell(stableNodePath(env)))
    .replace('@LAUNCH@', () => quoteForShell(LAUNCH_PROGRAM));
}

/**
 * A path of the running Node that an update of Node does not remove. Homebrew's execPath has the version in it
 * (…/Cellar/node/24.1/bin/node), and the link on PATH has not.
 */
function stableNodePath(env: NodeJS.ProcessEnv): string {
  const running = realpathSync(process.execPath);
  const dirs = (env.PATH ?? '').split(delimiter).filter((dir) => isAbsolute(dir));
  const onPath = dirs
    .map((dir) => join(dir, 'node'))
    .find((path) => attempt(() => realpathSync(path)) === running);
  return onPath ?? process.execPath;
}

function isUnchanged(path: string, content: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return readFileSync(path, 'utf8') === content;
  } catch {
    return false;
  }
}

function makeDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new HotswapError(
      'home-unwritable',
      `${dir} cannot be created (${(cause as NodeJS.ErrnoException).code})`,
      'choose another place with --shim-path',
      { cause },
    );
  }
}

function foreign(path: string, advice: string): HotswapError {
  return new HotswapError('not-our-shim', `${path} was not made by codex-hotswap`, advice);
}
