import { resolve } from 'node:path';
import { parseArgv } from '../codex/argv.ts';
import { findRealCodex } from '../codex/find-codex.ts';
import { describeError, HotswapError, NotStartedError } from '../errors.ts';
import { toPlainText } from '../plain-text.ts';
import { homeOf, type Paths, requireOwnHome, resolvePaths } from '../state/paths.ts';
import { catchUncaught, ignoreStderrErrors } from '../state/uncaught-errors.ts';
import type { WantedTarget } from './choose-account.ts';
import { runCodexLogin } from './codex-login.ts';
import { endLike } from './end-like.ts';
import { takeHereOption } from './here-option.ts';
import { openSession } from './open-session.ts';
import { readTyped, reasonOf, runAlone } from './run-alone.ts';
import { type Ending, runInherited } from './run-inherited.ts';

export interface Launch {
  /** The real codex, when the shim has found it. */
  real: string | undefined;
  /** The user's own words. */
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** The account asked for, by `codex-hotswap launch`. */
  wanted?: WantedTarget;
  /** Never rotate. */
  pinned?: boolean;
  /** When every account is at its limit, wait for the first to come back; else as the configuration says. */
  wait?: boolean;
  /** It was started with SIGHUP ignored, as by nohup, and so is its codex. */
  ignoresHangup?: boolean;
  /** Resume a thread under the account a new session would have, not under its own. */
  here?: boolean;
}

/** `codex …`, started by the shim or as `codex-hot`. @param candidate the real codex, if the shim has found it. */
export async function launchTyped(
  candidate: string | undefined,
  args: string[],
  wishes: { wait?: boolean },
): Promise<void> {
  // Later: Node takes 4 ms to make stderr. A function that writes to stderr before ignores its errors itself.
  setImmediate(ignoreStderrErrors);
  const typed = readTyped(candidate, args);
  // Until a child runs. The code that starts a child catches errors in its own way.
  catchUncaught((error) =>
    runAlone(typed, describeError(error).text.replace(/^codex-hotswap: /, '')),
  );
  let cwd: string;
  try {
    cwd = process.cwd();
  } catch (error) {
    runAlone(typed, reasonOf(error)); // it was deleted
  }
  await launchCodex({ ...typed, env: process.env, cwd, ...wishes });
}

/**
 * `codex …` as the user typed it: argv → mode → account → slot → child. Ends this process the way the child ended.
 * When something of ours fails before the child runs, the real codex runs anyway, with one line on stderr.
 */
export async function launchCodex(launch: Launch): Promise<void> {
  try {
    const real = resolve(launch.cwd, launch.real ?? findOrThrow(launch.env));
    endLike(await launchReal({ ...launch, real }));
  } catch (error) {
    const { text, exitStatus } = describeError(explainSpawnError(error));
    for (const line of text.split('\n')) say(line);
    process.exit(exitStatus);
  }
}

type Found = Launch & { real: string };

async function launchReal(typed: Found): Promise<Ending> {
  const paths = resolvePaths(typed.env, homeOf(typed.env));
  const { invocation, here } = takeHereOption(parseArgv(typed.args));
  const launch = { ...typed, args: invocation.args, env: leaveOverlay(typed.env, paths) };
  if (invocation.mode === 'passthrough') {
    if (!isOwnHome(paths)) return runPlain(launch);
    return (await runCodexLogin(invocation, paths, launch)) ?? runPlain(launch);
  }
  const unsupervised = (error: unknown) => {
    // Codex would log an account out.
    if (error instanceof HotswapError && error.code === 'forced-login') throw error;
    // A person who names an account does not want to run under another.
    if (launch.wanted?.kind === 'only') throw error;
    // The real codex cannot be started, so it could not run without us either.
    if ((error as NodeJS.ErrnoException | undefined)?.path === launch.real) throw error;
    say(`${describeError(explainSpawnError(error)).text}; running codex unsupervised`);
    return undefined;
  };
  const open = async () => {
    requireOwnHome(paths.home);
    return openSession({ ...launch, here: launch.here || here, invocation, paths, say });
  };
  const session = await open().catch(unsupervised);
  const ending = await session?.().catch((error: unknown) => {
    if (!(error instanceof NotStartedError)) throw error;
    return unsupervised(error.cause);
  });
  return ending ?? runPlain(launch);
}

/** In a shell that a supervised codex has opened, CODEX_HOME is that codex's overlay. No other codex may use it. */
function leaveOverlay(env: NodeJS.ProcessEnv, { sharedHome }: Paths): NodeJS.ProcessEnv {
  const isElsewhere = env.CODEX_HOME && resolve(env.CODEX_HOME) !== sharedHome;
  return isElsewhere ? { ...env, CODEX_HOME: sharedHome } : env;
}

function runPlain({ real, args, cwd, env, ignoresHangup = false }: Found): Promise<Ending> {
  return runInherited({ file: real, args, cwd, env, ignoresHangup });
}

function isOwnHome({ home }: Paths): boolean {
  try {
    requireOwnHome(home);
    return true;
  } catch {
    return false;
  }
}

function findOrThrow(env: NodeJS.ProcessEnv): string {
  const found = findRealCodex(env);
  switch (found.kind) {
    case 'found':
      return found.path;
    case 'not-executable':
      throw new HotswapError(
        'codex-not-runnable',
        `${found.path} may not be executed and PATH has no other codex`,
        '`chmod +x` it or reinstall Codex',
      );
    case 'not-found':
      throw new HotswapError(
        'codex-not-found',
        'there is no codex on PATH',
        'install it, for example with: npm install -g @openai/codex',
      );
  }
}

/** When the system refuses to run codex, we end as a shell does: with 127 when something is missing, else with 126. */
function explainSpawnError(error: unknown): unknown {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (!syscall?.startsWith('spawn')) return error;
  return new HotswapError(
    code === 'ENOENT' ? 'codex-not-found' : 'codex-not-runnable',
    code === 'ENOENT'
      ? `${path} names an interpreter that is not there`
      : `${path} cannot be run (${code})`,
    'reinstall Codex',
  );
}

/** The line is made plain: text of other programs in it can neither add a line nor control the terminal. */
function say(line: string): void {
  ignoreStderrErrors();
  process.stderr.write(`${toPlainText(line)}\n`);
}
