import { readHeldIdentity } from '../accounts/owner.ts';
import { readTargets } from '../accounts/target-snapshot.ts';
import type { SessionInvocation } from '../codex/argv.ts';
import { describeError, HotswapError } from '../errors.ts';
import { openHandoffAccounts } from '../handoff/accounts.ts';
import { tellDeadLogin } from '../handoff/messages.ts';
import type { Patience } from '../handoff/wait-for-reset.ts';
import type { Slot } from '../overlay/slot.ts';
import { keepLaunch, type LaunchKeeper, THIS_SESSION } from '../registry/keep-launch.ts';
import { readLaunches } from '../registry/launch-record.ts';
import { createAlert } from '../session/alert.ts';
import { type Config, readConfig } from '../state/config.ts';
import { createDeferredWrites, type DeferredWrites } from '../state/deferred-writes.ts';
import { canonicalDirectory } from '../state/directories.ts';
import type { Logged } from '../state/events.ts';
import { appendEvent, type HotswapEvent } from '../state/events.ts';
import { catchUncaught } from '../state/last-net.ts';
import { MONITOR } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { askLimits } from './ask-limits.ts';
import { learnCapabilities } from './capabilities.ts';
import { checkAccount } from './check-account.ts';
import { endLike } from './end-like.ts';
import { type ExecLaunch, runExecSession } from './exec-session.ts';
import { createLogoutNet, type LogoutNet, refuseAfterLogout } from './forced-logout.ts';
import { chooseByHome, findUnknownLogin, lookAtHome, tellImport } from './home-login.ts';
import { readLoginConstraints } from './login-constraints.ts';
import {
  findProgram,
  type PlanFacts,
  type Program,
  planChildren,
  planExecChildren,
} from './plans.ts';
import { reconcileLogins } from './reconcile-logins.ts';
import { chooseResume } from './resume-choice.ts';
import type { Ending } from './run-inherited.ts';
import {
  closeSessionOverlay,
  openSessionOverlay,
  type SessionOverlay,
  type Wish,
} from './session-overlay.ts';
import { hasTerminal, holdSlot, runSupervised, type SupervisedLaunch } from './supervised.ts';
import { createTokenKeeper, type TokenKeeper } from './token-keeper.ts';
import { requireDirectory, workingDirectory } from './working-directory.ts';

export interface SessionFacts {
  real: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  paths: Paths;
  /** As typed, without words of ours. */
  invocation: SessionInvocation;
  /** Which account is asked for; none: the current one, or the next that can be used. */
  wish: Wish | undefined;
  /** Stay with that account whatever happens. */
  pinned: boolean;
  /** Wait when every account is at its limit, whatever the configuration says. */
  wait: boolean;
  /** Resume under the account a new session would have, not under the thread's own. */
  here: boolean;
  /** It was started with SIGHUP ignored. */
  ignoresHangup?: boolean;
  /** One line for the user's stderr. */
  say(line: string): void;
}

/** How long an account may take to say what it has left. */
const ASK_MS = 20_000;
/** The same where a failed command waits for it; 0.6 s, as a rule (fact 93). */
const PROBE_MS = 10_000;

/**
 * Everything that may fail before the child runs: account, overlay, command lines, record. The session itself is
 * returned, not yet started; undefined when Codex has to say itself why it cannot run.
 */
export async function openSession(
  facts: SessionFacts,
): Promise<(() => Promise<Ending>) | undefined> {
  const { paths, env, cwd, say } = facts;
  // Without a terminal the TUI refuses to start, and its own words say why.
  if (facts.invocation.mode === 'interactive' && !hasTerminal(env)) return undefined;
  const known = readConfig(paths);
  if (known === undefined) {
    throw new HotswapError('not-set-up', 'no accounts are set up yet', 'run: codex-hotswap setup');
  }
  const place = { invocation: facts.invocation, cwd, sharedHome: paths.sharedHome };
  const home = chooseByHome(await lookAtHome(paths, known, place), facts.wish);
  if ('alone' in home) {
    say(`codex-hotswap: ${home.alone}`);
    log(paths, { type: 'notice', message: home.alone });
    return undefined;
  }
  const directory = canonicalDirectory(workingDirectory(place));
  if (facts.wish?.kind !== 'exactly') refuseAfterLogout(paths, directory, new Date());
  const settled = await reconcileLogins(paths, known, new Date(), { isLaunch: true });
  for (const line of settled.lines) say(`codex-hotswap: ${line}`);
  const question = { ...place, invocation: facts.invocation, env, config: settled.config };
  const terms = await readLoginConstraints({
    ...question,
    wish: home.wish?.kind === 'exactly' ? home.wish.target : undefined,
  });
  const { config } = terms;
  if (terms.line !== undefined) say(`codex-hotswap: ${terms.line}`);
  const who = (name: string) => readHeldIdentity(config, name);
  const { invocation, wish, remark } = await readResume({ ...facts, wish: home.wish }, config);
  const pty = invocation.mode === 'interactive' ? await loadPty() : undefined;
  const program = findProgram(facts.real, env);
  const capabilities = await learnCapabilities(paths, program.file, program.env);
  const tokens = createTokenKeeper({ paths, config, real: facts.real, env });
  const asking = { tokens, doubted: new Set(settled.doubted) };
  const { slot, target, notices } = await openReadyWorkplace(facts, config, asking, wish);
  const stranger =
    facts.wish?.kind === 'exactly' ? undefined : tellUnknownLogin(paths, settled, target);
  for (const notice of [home.tell(target), stranger, ...notices, remark(target)]) {
    if (notice !== undefined) say(`codex-hotswap: ${notice}`);
  }
  if (settled.problem !== undefined) say(`codex-hotswap: ${settled.problem}`);
  const records = createDeferredWrites();
  const desk = openHandoffAccounts({
    ...{ paths, slot, target, tokens, terms },
    config: settled.config,
    pinned: facts.pinned,
    keepsHome: home.keepsHome,
    async readLoginConstraints(directory) {
      requireDirectory({ ...place, directory });
      return readLoginConstraints({ ...question, directory });
    },
    records,
    now: Date.now,
  });
  const net = createLogoutNet(paths, config, directory, () => new Date());
  const plan = { program, capabilities, invocation, cwd, slot, prompt: config.prompt };
  const run = await planRun(plan, {
    slot,
    desk,
    accounts: config.targets.length,
    ...(waitsForReset(facts, config) ? { wait: patienceOf(config, paths, program) } : {}),
    alert: createAlert(config, env),
    askLimits: () => askLimits({ paths, config, program, timeoutMs: PROBE_MS }, desk.target),
    keeper: keepLaunch({
      ...{ paths, target, cwd, args: facts.invocation.args, mode: invocation.mode },
      identityOf: who,
      now: () => new Date(),
      records,
    }),
    records,
    spawnPty: pty?.spawnPty,
    net,
    ignoresHangup: facts.ignoresHangup === true,
    paths,
    say,
  }).catch(async (error: unknown) => {
    await closeSessionOverlay(paths, config, slot, target);
    throw error;
  });
  log(paths, { type: 'launch', mode: invocation.mode, target, slot: slot.number, cwd });
  return () => {
    const stop = tokens.watch(() => desk.target);
    const departure = { paths, config, slot, desk, net, tokens, records, say };
    return leaveTidy(run, departure).finally(stop);
  };
}

/** Plain codex works under another account here than this session, and nobody has said so yet. */
function tellUnknownLogin(
  paths: Paths,
  settled: { config: Config; lines: readonly string[] },
  target: string,
): string | undefined {
  const who = findUnknownLogin({ paths, standings: readTargets(paths, settled.config) });
  if (who === undefined || settled.lines.some((line) => line.includes(who))) return undefined;
  return `plain codex is logged in as ${who} here, which is no target's account; this session works under ${target}; ${tellImport(paths)}`;
}

/** The account's access token is made young first; a login that is dead, or is so when asked, gives way to the next account. */
async function openReadyWorkplace(
  { paths, say }: SessionFacts,
  config: Config,
  { tokens, doubted }: { tokens: TokenKeeper; doubted: Set<string> },
  wish: Wish | undefined,
): Promise<SessionOverlay> {
  for (let left = config.targets.length; ; left--) {
    const place = openSessionOverlay(paths, config, new Date(), wish);
    const { slot, target } = place;
    if (place.doubted !== undefined) doubted.add(place.doubted);
    const how = doubted.delete(target) ? 'doubt' : 'prepare';
    const isDead = (await tokens[how](target)) === 'needs-login';
    // Nobody waits for what becomes of those that are not used now.
    for (const other of doubted) void tokens.doubt(other);
    doubted.clear();
    if (!isDead || wish?.kind === 'exactly' || left <= 1) return place;
    say(`codex-hotswap: ${tellDeadLogin(target)}`);
    for (const problem of await closeSessionOverlay(paths, config, slot, target)) {
      say(`codex-hotswap: ${problem}`);
    }
  }
}

/** The command line as it is to be run, and the account for it, where a thread is resumed. */
async function readResume(facts: SessionFacts, config: Config) {
  const { invocation, wish, here } = facts;
  const targets = config.targets.map(({ name }) => name);
  const choice = await chooseResume({
    ...facts,
    targets,
    identityOf: (name) => readHeldIdentity(config, name),
  });
  if (choice === undefined) return { invocation, wish, remark: () => undefined };
  return {
    invocation: choice.invocation,
    wish: wish ?? (here ? undefined : choice.wish),
    remark: choice.remark,
  };
}

/** By the command line, else the environment, else the configuration. */
function waitsForReset({ wait, env }: SessionFacts, { whenExhausted }: Config): boolean {
  if (wait) return true;
  const { CODEX_HOTSWAP_WAIT: wish } = env;
  return wish ? wish !== '0' : whenExhausted === 'wait';
}

function patienceOf(config: Config, paths: Paths, program: Program): Patience {
  const office = { paths, config, program, timeoutMs: ASK_MS };
  return {
    slackSeconds: config.waitSlackSeconds,
    check: (target) => checkAccount(office, target),
  };
}

interface Office
  extends Pick<SupervisedLaunch, 'slot' | 'desk' | 'accounts' | 'wait' | 'alert'>,
    Pick<ExecLaunch, 'askLimits' | 'ignoresHangup'> {
  keeper: LaunchKeeper;
  net: LogoutNet;
  records: DeferredWrites;
  spawnPty: SupervisedLaunch['spawnPty'] | undefined;
  paths: Paths;
  say(line: string): void;
}

async function planRun(plan: PlanFacts, office: Office): Promise<() => Promise<Ending>> {
  const { keeper, net, paths, records, spawnPty, askLimits, ...parts } = office;
  const { invocation } = plan;
  const common = {
    ...parts,
    noteChild(pid: number) {
      net.noteChild();
      records.attempt('who uses the overlay', () => holdSlot(office.slot, pid));
    },
    noteThread(thread: Parameters<LaunchKeeper['bind']>[0]) {
      net.noteThread();
      keeper.bind(thread);
    },
    log(event: Logged) {
      if (event.type === 'rotated') keeper.move(event.to);
      if (event.type === 'resumed') void keeper.gather();
      log(paths, event, keeper.launch);
    },
  };
  let run: () => Promise<Ending>;
  if (invocation.mode === 'exec') {
    const plans = await planExecChildren(plan);
    const otherLaunches = () =>
      readLaunches(paths).launches.filter(({ launch }) => launch !== keeper.launch);
    run = () => runExecSession({ ...common, askLimits, invocation, plans, otherLaunches });
  } else {
    if (spawnPty === undefined) throw new Error('a TUI needs a pty');
    const plans = await planChildren(plan);
    run = () => runSupervised({ ...common, plans, prompt: plan.prompt, spawnPty });
  }
  return () => run().finally(() => keeper.end().catch(() => undefined));
}

interface Departure extends Pick<SessionFacts, 'paths' | 'say'> {
  config: Config;
  slot: Slot;
  desk: Pick<SupervisedLaunch['desk'], 'target'>;
  tokens: TokenKeeper;
  net: LogoutNet;
  records: DeferredWrites;
}

/** Runs the session and tidies up after it, which changes nothing about how it ended. */
async function leaveTidy(run: () => Promise<Ending>, departure: Departure): Promise<Ending> {
  const { paths, say } = departure;
  let ending: Ending | undefined;
  // Until the process ends: no exception of ours, however late, runs Codex again or shows a stack.
  catchUncaught((error) => {
    say(describeError(error).text);
    if (ending !== undefined) endLike(ending);
  });
  try {
    ending = await run();
  } finally {
    if (ending !== undefined) {
      log(paths, { type: 'ended', status: describeEnding(ending) });
      catchLogout(departure, ending);
    }
    await tidyUp(departure);
  }
  return ending;
}

/** Before the overlay is tidied up, while it shows what Codex has done. */
function catchLogout({ paths, slot, desk, net, say }: Departure, ending: Ending): void {
  const caught = net.catchLogout(slot, desk.target, ending);
  if (caught === undefined) return;
  log(paths, { type: 'notice', message: caught });
  say(`codex-hotswap: ${caught}`);
}

/** Never rejects. */
async function tidyUp(departure: Departure): Promise<void> {
  const { paths, config, slot, desk, tokens, records, say } = departure;
  const mayRelease = () => {
    records.retry();
    return records.isWritten(THIS_SESSION);
  };
  const options = { tokens, mayRelease };
  for (const problem of await closeSessionOverlay(paths, config, slot, desk.target, options)) {
    say(`codex-hotswap: ${problem}`);
  }
  const unwritten = records.summary();
  if (unwritten !== undefined) say(`codex-hotswap: ${unwritten}`);
}

/** The pty's native part is loaded only where it is needed, and may be missing (musl, a broken install). */
async function loadPty(): Promise<typeof import('../pty/spawn.ts')> {
  const pty = await import('../pty/spawn.ts');
  pty.checkPty(MONITOR);
  return pty;
}

function log(paths: Paths, event: Logged, launch?: string): void {
  const at = new Date().toISOString();
  appendEvent(paths, { at, ...(launch === undefined ? {} : { launch }), ...event } as HotswapEvent);
}

function describeEnding(ending: Ending): string {
  return ending.kind === 'exited' ? String(ending.code) : ending.signal;
}
