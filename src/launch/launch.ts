import { resolve } from 'node:path';
import { parseArgv } from '../codex/argv.ts';
import { describeError, type ErrorCode, HotswapError, NotStartedError } from '../errors.ts';
import type { Ending } from '../handoff/states.ts';
import { toPlainText } from '../plain-text.ts';
import { homeOf, type Paths, requireOwnHome, resolvePaths } from '../state/paths.ts';
import { catchUncaught, ignoreStderrErrors } from '../state/uncaught-errors.ts';
import { awaitForeground } from '../terminal/job.ts';
import { forgetTermios } from '../terminal/stty.ts';
import { isTerminal } from '../terminal/tty-facts.ts';
import type { WantedTarget } from './choose-account.ts';
import { runCodexLogin } from './codex-login.ts';
import { endLike } from './end-like.ts';
import { takeHereOption } from './here-option.ts';
import type { PickThread } from './hidden-threads.ts';
import { requireRealCodex } from './locate-codex.ts';
import { openSession } from './open-session.ts';
import { takeCodexName } from './process-name.ts';
import { readTyped, reasonOf, runAlone } from './run-alone.ts';
import { runInherited } from './run-inherited.ts';
import { tellUnreachedShim } from './shim-place.ts';

export interface Launch {
  /** The real codex, when it is known. */
  real: string | undefined;
  /** The shim has started us. */
  fromShim?: boolean;
  /** The user's own words. */
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** The account that `codex-hotswap launch` names. */
  wanted?: WantedTarget;
  /** The only accounts that the session may use (`--only`). */
  among?: readonly string[];
  /** The session stays under its account at a limit. */
  pinned?: boolean;
  /** When every account is at its limit, the session waits for a reset. Default: the configuration decides. */
  wait?: boolean;
  /** We were started with SIGHUP ignored, as by nohup. The real codex is started in the same way. */
  ignoresHangup?: boolean;
  /** A thread is resumed under the account of a new session, and not under its own account. */
  here?: boolean;
  /** Lets a person choose a thread, where Codex's own list would hide threads of other accounts. */
  pickThread?: PickThread;
}

/** `codex …`, started by the shim or as `codex-hot`. @param candidate the real codex, if the shim has found it. */
export async function launchTyped(
  candidate: string | undefined,
  args: string[],
  wishes: Pick<Launch, 'wait' | 'pickThread'>,
): Promise<void> {
  // Not now: Node takes 4 ms to make stderr. Each function that writes to stderr earlier ignores the errors itself.
  setImmediate(ignoreStderrErrors);
  const typed = readTyped(candidate, args);
  // For the time before a child runs. The code that starts a child has its own handler.
  catchUncaught((error) => {
    if (allows !== undefined) endWith(refuse(error, allows));
    runAlone(typed, describeError(error).text.replace(/^codex-hotswap: /, ''));
  });
  let cwd: string;
  try {
    cwd = process.cwd();
  } catch (error) {
    runAlone(typed, reasonOf(error)); // the directory was deleted
  }
  await launchCodex({
    ...typed,
    fromShim: candidate !== undefined,
    env: process.env,
    cwd,
    ...wishes,
  });
}

/**
 * Runs `codex …` as the user has typed it: argv → mode → account → slot → child. Ends this process as the child has ended.
 * After an error of ours before the child runs, the real codex runs unsupervised, with one line on stderr.
 */
export async function launchCodex(launch: Launch): Promise<void> {
  takeCodexName();
  try {
    const real = resolve(launch.cwd, launch.real ?? findReal(launch.env));
    endLike(await launchReal({ ...launch, real }));
  } catch (error) {
    endWith(explainSpawnError(error));
  }
}

function findReal(env: NodeJS.ProcessEnv): string {
  return requireRealCodex(env, resolvePaths(env, homeOf(env)));
}

function endWith(error: unknown): never {
  const { text, exitStatus } = describeError(error);
  for (const line of text.split('\n')) say(line);
  process.exit(exitStatus);
}

type Found = Launch & { real: string };

/** `the rule for ~/src/acme allows`, once it is known that the launch may use some accounts only. A process launches once. */
let allows: string | undefined;

async function launchReal(typed: Found): Promise<Ending> {
  const paths = resolvePaths(typed.env, homeOf(typed.env));
  const { invocation, here } = takeHereOption(parseArgv(typed.args));
  const launch = { ...typed, args: invocation.args, env: leaveOverlay(typed.env, paths) };
  if (invocation.mode === 'passthrough') {
    if (!isOwnHome(paths)) return runPlain(launch);
    return (await runCodexLogin(invocation, paths, launch)) ?? runPlain(launch);
  }
  // `codex &`: before anything of ours runs, so that `kill` ends it as it ends Codex alone, and nothing is drawn.
  if (invocation.mode === 'interactive' && isTerminal(0) && awaitForeground()) forgetTermios();
  const unsupervised = (error: unknown) => {
    // Codex would log an account out, or work under an account that is not allowed here.
    if (error instanceof HotswapError && MUST_NOT_RUN.has(error.code)) throw error;
    if (allows !== undefined && !usesNoAccount(error)) throw refuse(error, allows);
    // A user who names an account does not want another one.
    if (launch.wanted?.kind === 'only') throw error;
    // The real codex cannot be started, so it could not run without us either.
    if ((error as NodeJS.ErrnoException | undefined)?.path === launch.real) throw error;
    say(`${describeError(explainSpawnError(error)).text}; running codex unsupervised`);
    return undefined;
  };
  const open = async () => {
    requireOwnHome(paths.home);
    const restrict = (words: string) => {
      allows = words;
    };
    return openSession({ ...launch, here: launch.here || here, invocation, paths, say, restrict });
  };
  // The shim itself has found the real codex, and needs no check.
  const unreached = typed.fromShim ? undefined : tellUnreachedShim(typed.env, paths);
  if (unreached !== undefined) say(`codex-hotswap: ${unreached}`);
  const session = await open().catch(unsupervised);
  const ending = await session?.().catch((error: unknown) => {
    if (!(error instanceof NotStartedError)) throw error;
    return unsupervised(error.cause);
  });
  return ending ?? runPlain(launch);
}

/** After these errors the real codex does not run. */
const MUST_NOT_RUN: ReadonlySet<ErrorCode> = new Set([
  ...(['forced-login', 'bad-rule', 'not-allowed', 'cancelled'] as const),
]);

/** Codex works with another provider, so no account of the user is used against a rule. */
function usesNoAccount(error: unknown): boolean {
  return error instanceof HotswapError && error.code === 'other-provider';
}

/** Unsupervised, Codex would work under whichever account it finds. @param allows `the rule for ~/src/acme allows`. */
function refuse(error: unknown, allows: string): unknown {
  if (!(error instanceof HotswapError)) return error;
  const why = `codex does not run unsupervised here, because ${allows} only some accounts; to run it all the same: CODEX_HOTSWAP_BYPASS=1 codex`;
  const advice = error.advice === '' ? why : `${error.advice}; ${why}`;
  return new HotswapError(error.code, error.message, advice, { cause: error });
}

/** In a shell of a supervised codex CODEX_HOME is the overlay of that codex. No other codex may use that overlay. */
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

/** When the system cannot run codex, we end as a shell does: with 127 when a file is missing, else with 126. */
function explainSpawnError(error: unknown): unknown {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (!syscall?.startsWith('spawn')) return error;
  return new HotswapError(
    code === 'ENOENT' ? 'codex-not-found' : 'codex-not-runnable',
    code === 'ENOENT'
      ? `the interpreter in the first line of ${path} is missing`
      : `${path} cannot be run (${code})`,
    'reinstall Codex',
  );
}

/** Writes plain text only, so that text of other programs in the line cannot add a line or control the terminal. */
function say(line: string): void {
  ignoreStderrErrors();
  process.stderr.write(`${toPlainText(line)}\n`);
}
