import { homedir } from 'node:os';
import { type ExecInvocation, type InteractiveInvocation, parseArgv } from '../codex/argv.ts';
import { findRealCodex } from '../codex/find.ts';
import { describeError, HotswapError } from '../errors.ts';
import { openDesk } from '../session/handoff.ts';
import type { Logged } from '../session/run.ts';
import { type Config, readConfig } from '../state/config.ts';
import { appendEvent, type HotswapEvent } from '../state/events.ts';
import { type Paths, resolvePaths } from '../state/paths.ts';
import { learnCapabilities } from './capabilities.ts';
import { runExecSession } from './exec-session.ts';
import { findProgram, type PlanFacts, planChildren, planExecChildren } from './plans.ts';
import { type Ending, endLike, runInherited } from './run-inherited.ts';
import { hasTerminal, holdSlot, runSupervised, type SupervisedLaunch } from './supervised.ts';
import { closeWorkplace, openWorkplace } from './workplace.ts';

export interface Launch {
  /** The real codex, when the shim has found it. */
  real: string | undefined;
  /** The user's own words. */
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/**
 * `codex …` as the user typed it: argv → mode → account → slot → child. Ends this process the way the child ended.
 * Whatever of ours fails before the child runs, the real codex runs anyway, with one line on stderr (design 1).
 */
export async function launchCodex(launch: Launch): Promise<void> {
  try {
    const real = launch.real ?? findOrThrow(launch.env);
    endLike(await launchReal({ ...launch, real }));
  } catch (error) {
    const { text, exitStatus } = describeError(error);
    say(text);
    process.exit(exitStatus);
  }
}

type Found = Launch & { real: string };

async function launchReal(launch: Found): Promise<Ending> {
  const { args, env } = launch;
  const invocation = parseArgv(args);
  const paths = resolvePaths(env, env.HOME || homedir());
  if (invocation.mode === 'passthrough') {
    if (isLoginWord(invocation)) refuseLogin(paths, invocation.reason);
    return runPlain(launch);
  }
  const session = await prepare(launch, paths, invocation).catch((error: unknown) => {
    say(`${describeError(error).text}; running codex unsupervised`);
    return undefined;
  });
  return session === undefined ? runPlain(launch) : session();
}

/** Everything that may fail before the child runs; the session itself is returned, not yet started. */
async function prepare(
  launch: Found,
  paths: Paths,
  invocation: InteractiveInvocation | ExecInvocation,
): Promise<(() => Promise<Ending>) | undefined> {
  // Without a terminal the TUI refuses to start, and its own words say why.
  if (invocation.mode === 'interactive' && !hasTerminal(launch.env)) return undefined;
  const config = readConfig(paths);
  if (config === undefined) {
    throw new HotswapError('not-set-up', 'no accounts are set up yet', 'run: codex-hotswap setup');
  }
  const pty = invocation.mode === 'interactive' ? await loadPty() : undefined;
  const program = findProgram(launch.real, launch.env);
  const capabilities = await learnCapabilities(paths, program.file);
  const { slot, target, notices } = openWorkplace(paths, config, new Date());
  for (const notice of notices) say(`codex-hotswap: ${notice}`);
  const facts = { program, capabilities, invocation, args: launch.args, cwd: launch.cwd, slot };
  const desk = openDesk({ paths, config, slot, target, now: Date.now });
  const office = { slot, desk, accounts: config.targets.length };
  const run = await planRun({ ...facts, prompt: config.prompt }, office, paths, pty?.spawnPty);
  log(paths, { type: 'launch', mode: invocation.mode, target, slot: slot.number, cwd: launch.cwd });
  return () => leaveTidy(run, paths, config, slot);
}

async function planRun(
  facts: PlanFacts,
  office: Pick<SupervisedLaunch, 'slot' | 'desk' | 'accounts'>,
  paths: Paths,
  spawnPty: SupervisedLaunch['spawnPty'] | undefined,
): Promise<() => Promise<Ending>> {
  const { invocation } = facts;
  if (invocation.mode === 'exec') {
    const plans = await planExecChildren(facts);
    const parts = {
      ...office,
      invocation,
      plans,
      noteChild: (pid: number) => holdSlot(office.slot, pid),
      noteThread: () => undefined,
      log: (event: Logged) => log(paths, event),
      say,
    };
    return () => runExecSession(parts);
  }
  const plans = await planChildren(facts);
  return () =>
    runSupervised({
      ...office,
      plans,
      spawnPty: spawnPty as SupervisedLaunch['spawnPty'],
      log: (event) => log(paths, event),
    });
}

async function leaveTidy(
  run: () => Promise<Ending>,
  paths: Paths,
  config: Config,
  slot: Parameters<typeof closeWorkplace>[2],
): Promise<Ending> {
  try {
    const ending = await run();
    log(paths, { type: 'ended', status: describeEnding(ending) });
    return ending;
  } finally {
    for (const problem of await closeWorkplace(paths, config, slot))
      say(`codex-hotswap: ${problem}`);
  }
}

/** The pty's native part is loaded only where it is needed, and may be missing (musl, a broken install). */
async function loadPty(): Promise<typeof import('../pty/spawn.ts')> {
  try {
    return await import('../pty/spawn.ts');
  } catch (error) {
    throw new HotswapError(
      'pty-unavailable',
      `the pseudo-terminal module cannot be loaded (${firstLine(error)})`,
      'reinstall codex-hotswap, and see: codex-hotswap doctor',
    );
  }
}

function runPlain({ real, args, cwd, env }: Found): Promise<Ending> {
  return runInherited({ file: real, args, cwd, env });
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

function isLoginWord(invocation: { reason: string; rest: string[] }): boolean {
  return (
    invocation.reason === 'logout' ||
    (invocation.reason === 'login' && invocation.rest[0] !== 'status')
  );
}

/**
 * A plain `codex login` revokes the login it finds (fact M20), and the shared home shows a vault: the account stored
 * there would be lost.
 */
function refuseLogin(paths: Paths, word: string): void {
  if (readConfig(paths) === undefined) return;
  throw new HotswapError(
    'usage',
    `\`codex ${word}\` would revoke the account that is stored for hotswap`,
    word === 'login'
      ? 'run: codex-hotswap login <target>; to run Codex’s own, put CODEX_HOTSWAP_BYPASS=1 before it'
      : 'to run it all the same, put CODEX_HOTSWAP_BYPASS=1 before it',
  );
}

function describeEnding(ending: Ending): string {
  return ending.kind === 'exited' ? String(ending.code) : ending.signal;
}

function log(paths: Paths, event: Logged): void {
  appendEvent(paths, { at: new Date().toISOString(), ...event } as HotswapEvent);
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] as string;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
