import { accessSync, constants, mkdirSync, readFileSync, realpathSync, unlinkSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { findRealCodex } from '../../codex/find-codex.ts';
import { USUAL_DIRS_IN_SHELL } from '../../codex/usual-places.ts';
import { HotswapError } from '../../errors.ts';
import { inspectShim } from '../../launch/shim-place.ts';
import { quoteForShell } from '../../shell-word.ts';
import { attempt } from '../../state/attempt.ts';
import { replaceFile } from '../../state/files.ts';
import { LAUNCH_PROGRAM, SHIM_TEMPLATE } from '../../state/package-files.ts';

export type ShimInstall = 'created' | 'updated' | 'unchanged';

/**
 * Writes our shim to `path`. Never replaces or renames a file that is not our shim.
 * @param codex the real codex, for a PATH that has none.
 * @throws HotswapError `not-our-shim`, `home-unwritable`.
 */
export function installShim(path: string, env: NodeJS.ProcessEnv, codex = ''): ShimInstall {
  const content = renderShim(env, codex);
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

/**
 * Whether this installation has made the shim at `path`. The node and the codex of the shim do not count: with a version
 * manager another shell, or cron, has other ones.
 */
export function isCurrentShim(path: string, env: NodeJS.ProcessEnv): boolean {
  return isUnchanged(path, renderShim(env, ''), forgetPlaces);
}

/** The Node and the program of ours that a shim starts. Undefined when the file does not tell. */
export function readShimPrograms(path: string): { node: string; launch: string } | undefined {
  const text = attempt(() => readFileSync(path, 'utf8')) ?? '';
  const [node, launch] = ['node', 'launch'].map((name) => {
    const quoted = new RegExp(`^${name}='((?:[^']|'\\\\'')*)'$`, 'm').exec(text)?.[1];
    return quoted?.replaceAll("'\\''", "'");
  });
  return node === undefined || launch === undefined ? undefined : { node, launch };
}

/** A path may have any characters, a line break too. */
function forgetPlaces(shim: string): string {
  return shim.replace(/^(node|recorded)='(?:[^']|'\\'')*'$/gm, "$1=''");
}

function renderShim(env: NodeJS.ProcessEnv, codex: string): string {
  const template = readFileSync(SHIM_TEMPLATE, 'utf8');
  return template
    .replace('@NODE@', () => quoteForShell(stableNodePath(env)))
    .replace('@LAUNCH@', () => quoteForShell(LAUNCH_PROGRAM))
    .replace('@CODEX@', () => quoteForShell(codex))
    .replace('@PLACES@', USUAL_DIRS_IN_SHELL);
}

/**
 * A path of the running Node that an update of Node does not remove. Homebrew's execPath has the version in it
 * (…/Cellar/node/24.1/bin/node), and the link on PATH has not.
 */
function stableNodePath(env: NodeJS.ProcessEnv): string {
  const running = realpathSync(process.execPath);
  const dirs = (env.PATH ?? '').split(delimiter).filter((dir) => isAbsolute(dir) && isLasting(dir));
  const onPath = dirs
    .map((dir) => join(dir, 'node'))
    .find((path) => attempt(() => realpathSync(path)) === running);
  return onPath ?? process.execPath;
}

/**
 * The path of the real codex for the shim's record: as PATH has it, with its links, because an update changes where they lead.
 * @returns undefined when PATH has none.
 */
export function findRecordableCodex(env: NodeJS.ProcessEnv): string | undefined {
  const found = findRealCodex(env);
  if (found.kind !== 'found') return undefined;
  if (isLasting(found.path)) return found.path;
  const dir = attempt(() => realpathSync(dirname(found.path)));
  return dir === undefined ? undefined : join(dir, basename(found.path));
}

/** fnm makes a directory of links for each shell, and the next start of the machine removes it. */
function isLasting(path: string): boolean {
  return !path.includes('/fnm_multishells/');
}

function isUnchanged(path: string, content: string, trim = (text: string) => text): boolean {
  try {
    accessSync(path, constants.X_OK);
    return trim(readFileSync(path, 'utf8')) === trim(content);
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
