import { dirname, join } from 'node:path';
import { type FoundCodex, findRealCodex } from '../codex/find-codex.ts';
import { resolveNative } from '../codex/npm-launcher.ts';
import { findOffPath } from '../codex/usual-places.ts';
import { HotswapError } from '../errors.ts';
import { toShellWord } from '../shell-word.ts';
import type { Paths } from '../state/paths.ts';
import { readShimRecord } from '../state/shim-record.ts';

type Places = Pick<Paths, 'home' | 'shimFile'>;

/**
 * The real codex: on PATH, else where `install-shim` found it, else where installers put it. A program that was not started
 * in a shell (cron, launchd, a desktop) has a PATH without it.
 */
export function locateCodex(env: NodeJS.ProcessEnv, paths: Places): FoundCodex {
  const found = findOnPath(env);
  if (found.kind !== 'not-found') return found;
  const known = [readShimRecord(paths)?.codex ?? '', join(dirname(process.execPath), 'codex')];
  const path = findOffPath(known, paths.home);
  return path === undefined ? found : { kind: 'found', path };
}

/** The first codex on PATH that is no shim, and that has not come back to the shim. */
export function findOnPath(env: NodeJS.ProcessEnv): FoundCodex {
  return findRealCodex(env, { skip: listVisited(env) });
}

/** The program to start: the native one behind the npm launcher when that is safe (fact 51), else the user's codex. */
export interface Program {
  file: string;
  env: NodeJS.ProcessEnv;
}

export function findProgram(real: string, env: NodeJS.ProcessEnv): Program {
  return resolveNative(real, env) ?? { file: real, env };
}

/**
 * The path of the real codex.
 * @throws HotswapError `codex-not-found`, `codex-not-runnable`.
 */
export function requireRealCodex(env: NodeJS.ProcessEnv, paths: Places): string {
  const found = locateCodex(env, paths);
  if (found.kind === 'found') return found.path;
  throw describeMissing(found);
}

/** The error for a codex that is not there, or that nobody may execute. */
export function describeMissing(found: Exclude<FoundCodex, { kind: 'found' }>): HotswapError {
  return found.kind === 'not-executable'
    ? new HotswapError(
        'codex-not-runnable',
        `${found.path} may not be executed, and PATH has no other codex`,
        `run: chmod +x ${toShellWord(found.path)}, or reinstall Codex`,
      )
    : new HotswapError(
        'codex-not-found',
        'there is no codex on PATH',
        'install it, for example with: npm install -g @openai/codex',
      );
}

/**
 * The files that the shim has passed over: shims, and programs that came back to it (see shim/codex). The last file of its
 * list is the codex that it has chosen.
 */
function listVisited({ CODEX_HOTSWAP_SHIM: chain = '' }: NodeJS.ProcessEnv): string[] {
  const [, pid, ...files] = chain.split(':');
  return pid === `${process.pid}` ? files.slice(0, -1) : [];
}
