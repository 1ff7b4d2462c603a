import type { HandoffAccounts } from '../handoff/accounts.ts';
import type { TracedStep } from '../handoff/perform.ts';
import type { Ending } from '../handoff/states.ts';
import type { WaitRules } from '../handoff/wait-for-reset.ts';
import type { LaunchKeeper } from '../registry/keep-launch.ts';
import { readLaunches } from '../registry/launch-record.ts';
import { createAlert } from '../session/alert.ts';
import { CONFIG_DEFAULTS, type Config } from '../state/config.ts';
import { openDebugTrace } from '../state/debug-trace.ts';
import type { DeferredWrites } from '../state/deferred-writes.ts';
import type { Logged } from '../state/events.ts';
import { askLimits } from './ask-limits.ts';
import type { Asker } from './ask-marked.ts';
import { checkAccount } from './check-account.ts';
import { runExecLaunch } from './exec-session.ts';
import type { LogoutGuard } from './forced-logout.ts';
import { logEvent } from './log-event.ts';
import type { SessionFacts } from './open-session.ts';
import { type PlanFacts, planChildren, planExecChildren, planServerChildren } from './plans.ts';
import { holdSlot, runSupervised, type SupervisedLaunch } from './supervised.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** A session that is ready to run: its account, its overlay, and what its children need. */
export interface OpenedSession {
  facts: SessionFacts;
  config: Config;
  plan: PlanFacts;
  accounts: HandoffAccounts;
  tokens: TokenKeeper;
  asker: Pick<Asker, 'settled'>;
  logoutGuard: LogoutGuard;
  keeper: LaunchKeeper;
  records: DeferredWrites;
  /** Why the account cannot work now. */
  atLimit: string | undefined;
  /** For a TUI. */
  spawnPty: SupervisedLaunch['spawnPty'] | undefined;
}

/** How long the service may take to tell the usage of an account. */
const CHECK_MS = 20_000;
/** The same while a failed command waits for the answer. It usually takes 0.6 s (fact 93). */
const PROBE_MS = 10_000;

/**
 * Makes the command line of the first child.
 * @returns what runs the session until it ends for good.
 */
export async function planSession(session: OpenedSession): Promise<() => Promise<Ending>> {
  const { plan, keeper } = session;
  const run = await PLANS[plan.invocation.mode](session);
  return () => run().finally(() => keeper.end().catch(() => undefined));
}

async function planTui(session: OpenedSession): Promise<() => Promise<Ending>> {
  const { plan, config, atLimit, spawnPty } = session;
  if (spawnPty === undefined) throw new Error('a TUI needs a pty');
  const plans = await planChildren(plan);
  return () =>
    runSupervised({
      ...commonParts(session),
      plans,
      prompt: plan.prompt,
      title: config.title,
      ...(atLimit && { atLimit }),
      spawnPty,
    });
}

async function planExec(session: OpenedSession): Promise<() => Promise<Ending>> {
  const { plan, facts, config, accounts, keeper } = session;
  const { invocation, codex } = plan;
  if (invocation.mode !== 'exec') throw new Error('a TUI is no exec');
  const { paths, say, ignoresHangup = false } = facts;
  const plans = await planExecChildren(plan);
  const asking = { paths, config, program: codex.program, timeoutMs: PROBE_MS };
  return () =>
    runExecLaunch({
      ...{ ...commonParts(session), say, ignoresHangup, invocation, plans },
      typed: facts.invocation,
      askLimits: () => askLimits(asking, accounts.target).catch(() => undefined),
      otherLaunches: () =>
        readLaunches(paths).launches.filter(({ launch }) => launch !== keeper.launch),
    });
}

async function planServer(session: OpenedSession): Promise<() => Promise<Ending>> {
  const { plan, facts, config, accounts, keeper } = session;
  const plans = await planServerChildren(plan);
  // Neither a TUI nor an exec runs this code.
  const { runServerLaunch, tellForbidden } = await import('./server-session.ts');
  const { paths, say, ignoresHangup = false } = facts;
  const recordClient = (name: string) => {
    keeper.nameClient(name);
    logEvent(paths, { type: 'client', name }, keeper.launch);
  };
  return () =>
    runServerLaunch({
      ...commonParts(session),
      ...{ say, ignoresHangup, plans, recordClient, prompt: plan.prompt || CONFIG_DEFAULTS.prompt },
      forbids: (directory = plan.cwd) =>
        tellForbidden(config, directory, { target: accounts.target, home: paths.home }),
    });
}

const PLANS = { interactive: planTui, exec: planExec, 'app-server': planServer };

/** The parts of every session. */
function commonParts(session: OpenedSession) {
  const { facts, config, plan, accounts, logoutGuard, keeper, records } = session;
  const { paths, env } = facts;
  const { slot, codex } = plan;
  return {
    slot,
    accounts,
    accountCount: config.targets.length,
    alert: createAlert(config, env),
    trace: traceSteps(facts),
    ...(waitsForReset(facts, config)
      ? { wait: waitRulesOf({ paths, config, program: codex.program }) }
      : {}),
    recordChild(pid: number) {
      logoutGuard.recordChild();
      records.attempt('who uses the directory of the session', () => holdSlot(slot, pid));
    },
    recordThread(thread: Parameters<LaunchKeeper['bind']>[0]) {
      logoutGuard.recordThread();
      keeper.bind(thread);
    },
    log(event: Logged) {
      if (event.type === 'rotated') keeper.move(event.to);
      if (event.type === 'resumed') void keeper.gather();
      logEvent(paths, event, keeper.launch);
    },
  };
}

/** For CODEX_HOTSWAP_DEBUG: every step of the session's machine. */
function traceSteps({ env, say }: SessionFacts): ((step: TracedStep) => void) | undefined {
  const warn = (line: string) => say(`codex-hotswap: ${line}`);
  const trace = openDebugTrace(env, () => new Date(), warn);
  if (trace === undefined) return undefined;
  return ({ before, event, effects, after }) =>
    trace.step({ state: before.name, event, effects, next: after.name });
}

/** The command line decides, else the environment, else the configuration. */
function waitsForReset({ wait, env }: SessionFacts, { whenExhausted }: Config): boolean {
  if (wait) return true;
  const { CODEX_HOTSWAP_WAIT: word } = env;
  return word ? word !== '0' : whenExhausted === 'wait';
}

function waitRulesOf(asking: Omit<Parameters<typeof checkAccount>[0], 'timeoutMs'>): WaitRules {
  return {
    slackSeconds: asking.config.waitSlackSeconds,
    checkAccount: (target) => checkAccount({ ...asking, timeoutMs: CHECK_MS }, target),
  };
}
