import { delimiter, dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capabilities } from '../codex/capabilities.ts';
import type { FoundCodex } from '../codex/find-codex.ts';
import { findOffPath } from '../codex/usual-places.ts';
import { HotswapError } from '../errors.ts';
import { attempt } from '../state/attempt.ts';
import type { Paths } from '../state/paths.ts';
import { learnCapabilities } from './capabilities.ts';
import {
  describeMissing,
  findOnPath,
  findProgram,
  locateCodex,
  type Program,
} from './locate-codex.ts';

/** The Codex that a child runs, and what it can do. */
export interface CodexNow {
  program: Program;
  capabilities: Capabilities;
}

/** The Codex of a session. A session may live for days, and Codex is updated meanwhile: another file, or another place. */
export interface CodexInUse {
  /** For the first child. */
  first: CodexNow;
  /** The user's `codex` as it is found now. While an update is under way: the last one that was there. */
  path(): string;
  /** The program behind that path. */
  program(): Program;
  /**
   * Looks Codex up again, before each child but the first. Waits for an update that is under way.
   * @returns with a line for the user when its version is another one than that of the child before.
   * @throws HotswapError `codex-not-found`, `codex-not-runnable`.
   */
  renew(): Promise<CodexNow & { news?: string }>;
}

/** npm replaces its files within seconds: it takes the old ones away first, and writes the new ones then. */
const WAIT = {
  /** How long an update may take, milliseconds. */
  mostMs: 10_000,
  /** From then on a codex in another place counts, too: it may be an old one that the user does not want. */
  elsewhereMs: 3000,
  pauseMs: 250,
};

/** @param real the path that the shim, or the user's PATH, gives for `codex`. */
export async function openCodex(
  { paths, real, env }: { paths: Paths; real: string; env: NodeJS.ProcessEnv },
  wait = WAIT,
): Promise<CodexInUse> {
  let path = real;
  const learn = async (program: Program, wrapperMs?: number): Promise<CodexNow> => ({
    program,
    capabilities: await learnCapabilities(paths, program.file, program.env, wrapperMs),
  });
  const first = await learn(findProgram(real, env));
  let last = first;

  /** First what PATH has, then the place of the last one or of its next version, then every place. */
  function find(everywhere: boolean): FoundCodex {
    const onPath = findOnPath(env);
    if (onPath.kind === 'found' && isFromPath(real, env)) return onPath;
    const near = findOffPath([path]);
    if (near !== undefined) return { kind: 'found', path: near };
    return everywhere ? locateCodex(env, paths) : onPath;
  }

  async function look(everywhere: boolean): Promise<CodexNow | HotswapError> {
    const found = find(everywhere);
    if (found.kind === 'not-found') return isGone(path);
    if (found.kind === 'not-executable') return describeMissing(found);
    const now = await learn(findProgram(found.path, env), 0).catch(() => undefined);
    if (now === undefined || (isSilent(now) && !isSilent(first))) return cannotStart(found.path);
    path = found.path;
    return now;
  }

  async function lookUntilReady(): Promise<CodexNow> {
    const begun = performance.now();
    for (;;) {
      const waited = performance.now() - begun;
      const found = await look(waited >= wait.elsewhereMs);
      if (!(found instanceof HotswapError)) return found;
      if (waited >= wait.mostMs) throw found;
      await sleep(wait.pauseMs);
    }
  }

  function currentPath(): string {
    const found = attempt(() => find(false));
    return found?.kind === 'found' ? found.path : path;
  }

  return {
    first,
    path: currentPath,
    program: () => findProgram(currentPath(), env),
    async renew() {
      const before = last;
      last = await lookUntilReady();
      const news = tellVersion(before.capabilities, last.capabilities);
      return { ...last, ...(news !== undefined && { news }) };
    },
  };
}

/** False for a codex that was found although PATH had none: what comes onto PATH later is another one. */
function isFromPath(real: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(delimiter).some((dir) => resolve(dir || '.') === dirname(real));
}

/** It has told nothing of itself: a half-written file, one for another machine, or a script of the user's. */
function isSilent({ capabilities }: CodexNow): boolean {
  const { noDaemon, features, learnedOptions, version } = capabilities;
  return (
    !noDaemon &&
    version === undefined &&
    learnedOptions.length === 0 &&
    Object.keys(features).length === 0
  );
}

function isGone(path: string): HotswapError {
  return new HotswapError(
    'codex-not-found',
    `${path} is gone, and there is no other codex`,
    'reinstall it, for example with: npm install -g @openai/codex',
  );
}

function cannotStart(path: string): HotswapError {
  return new HotswapError(
    'codex-not-runnable',
    `${path} does not start: its update is not complete, or it is for another machine`,
    'see: codex --version; to reinstall it, for example: npm install -g @openai/codex',
  );
}

function tellVersion(before: Capabilities, { version }: Capabilities): string | undefined {
  if (version === undefined || version === before.version) return undefined;
  const was = before.version === undefined ? '' : ` (was ${before.version})`;
  return `codex-hotswap: codex is now ${version}${was}`;
}
