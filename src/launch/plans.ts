import type { SessionInvocation } from '../codex/argv.ts';
import { dropUndefined } from '../codex/json.ts';
import { readReturnModel } from '../codex/reserve.ts';
import { buildExecResumeArgv, buildResumeArgv } from '../codex/resume-argv.ts';
import type { LoginSettings } from '../codex/settings.ts';
import type { ChildPlan } from '../handoff/effects.ts';
import type { SessionThread } from '../handoff/session-thread.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { foldHookTrust, hookTrustOverride } from '../overlay/hook-trust.ts';
import { assertHeld } from '../overlay/lease.ts';
import type { Slot } from '../overlay/slot.ts';
import { attempt } from '../state/attempt.ts';
import { CONFIG_DEFAULTS } from '../state/config.ts';
import { retryNow } from '../state/deferred-writes.ts';
import type { CodexInUse, CodexNow } from './codex-in-use.ts';
import { keepThreadName } from './keep-thread-name.ts';
import { type ConfigQuestion, readCodexConfig, readSettings } from './login-settings.ts';
import { listOverrides } from './overrides.ts';
import { shellHome } from './shell-home.ts';

export interface PlanFacts {
  /** Looked up again before each child but the first. */
  codex: CodexInUse;
  /** As typed, or with the thread to resume. */
  invocation: SessionInvocation;
  cwd: string;
  /** The directory of the resumed thread. */
  directory?: string | undefined;
  slot: Slot;
  /** What Codex's configuration says as the session starts. A later child reads it again. */
  settings: LoginSettings;
  /** The prompt for a resumed thread. */
  prompt: string;
}

/** Plans the children of a TUI session: the first runs the user's command line, and each later one resumes a thread. */
export async function planChildren(facts: PlanFacts): Promise<{
  first: ChildPlan;
  /** @param prompt default: `facts.prompt`. */
  resume(thread: SessionThread, prompt?: string): Promise<ChildPlan>;
  again(): Promise<ChildPlan>;
}> {
  const { invocation } = facts;
  return {
    first: await planChild(facts, invocation.args, facts.settings, facts.codex.first),
    async resume(thread, prompt = facts.prompt) {
      if (invocation.mode !== 'interactive') throw new Error('only a TUI is resumed in a pty');
      const own = thread.model === undefined ? readReturnModel(facts.slot.home, thread.id) : {};
      const words = buildResumeArgv(invocation, thread.id, { ...thread, ...own, prompt });
      const plan = await planNext({ ...facts, directory: thread.cwd }, words);
      await keepThreadName(thread, facts.slot, plan);
      return plan;
    },
    again: () => planNext(facts, invocation.args),
  };
}

/** The same for `codex exec`. A command without a thread to resume runs again as it was typed. */
export async function planExecChildren(facts: PlanFacts): Promise<{
  first: ChildPlan;
  /** The prompt of a resumed thread. */
  prompt: string;
  resume(thread: SessionThread, prompt: string): Promise<ChildPlan | undefined>;
  again(): Promise<ChildPlan>;
}> {
  const { invocation } = facts;
  // Without a prompt on the command line `exec resume` would read stdin.
  const usual = facts.prompt === '' ? CONFIG_DEFAULTS.prompt : facts.prompt;
  return {
    prompt: usual,
    first: await planChild(facts, invocation.args, facts.settings, facts.codex.first),
    async resume(thread, prompt) {
      if (invocation.mode !== 'exec') throw new Error('only an exec is resumed without a pty');
      const words = buildExecResumeArgv(invocation, thread.id, {
        ...thread,
        prompt: prompt || usual,
      });
      return words && planNext({ ...facts, directory: thread.cwd }, words);
    },
    again: () => planNext(facts, invocation.args),
  };
}

/** The same for an app-server: each child runs the user's own command line. */
export async function planServerChildren(facts: PlanFacts): Promise<{
  first: ChildPlan;
  /** @param directory of the thread that decides, or undefined for that of the start. */
  next(directory: string | undefined): Promise<ChildPlan>;
}> {
  const { args } = facts.invocation;
  return {
    first: await planChild(facts, args, facts.settings, facts.codex.first),
    next: (directory) => planNext({ ...facts, directory }, args),
  };
}

/**
 * For a child that is not the first in its overlay. Every driver plans its children here.
 * @throws HotswapError `codex-not-found`, `codex-not-runnable` when an update has left no Codex that starts.
 */
async function planNext(facts: PlanFacts, args: readonly string[]): Promise<ChildPlan> {
  retryNow(() => assertHeld(facts.slot));
  // The overlay has been good enough for the child before. So an error here (a full disk) does not keep the child from running.
  attempt(() => furnishSlot(facts.slot));
  // Hooks that the user has trusted under the last child are in config.toml under the overlay's path, and `-c` outranks that.
  await foldHookTrust(facts.slot).catch(() => undefined);
  const { news, ...codex } = await facts.codex.renew();
  const plan = await planChild(facts, args, await readSettings(placeOf(facts)), codex);
  return { ...plan, ...(news !== undefined && { news }) };
}

async function planChild(
  facts: PlanFacts,
  args: readonly string[],
  { store }: LoginSettings,
  { program, capabilities }: CodexNow,
): Promise<ChildPlan> {
  const { invocation, slot, cwd } = facts;
  const place = placeOf(facts);
  const configText = readCodexConfig(slot.sharedHome);
  const overrides = listOverrides({
    capabilities,
    invocation,
    configText,
    store,
    hookTrust: await hookTrustOverride(slot),
    shellHome: await shellHome({ ...place, configText }),
  });
  const env = overlayEnvironment(program.env, slot);
  return { file: program.file, args: [...overrides, ...args], cwd, env };
}

function placeOf({ invocation, cwd, directory, slot }: PlanFacts): ConfigQuestion {
  return { invocation, cwd, directory, sharedHome: slot.sharedHome };
}

/**
 * The environment of the child. The overlay is its home, and the databases are in the shared home (fact 31). When the user has
 * another directory for them, `sqlite_home` in the configuration outranks the variable.
 */
function overlayEnvironment(
  { CODEX_HOTSWAP_SHIM: _ours, ...base }: NodeJS.ProcessEnv,
  { home, sharedHome }: Pick<Slot, 'home' | 'sharedHome'>,
): Record<string, string> {
  return {
    ...(dropUndefined(base) as Record<string, string>),
    CODEX_HOME: home,
    CODEX_SQLITE_HOME: base.CODEX_SQLITE_HOME || sharedHome,
    // The shim reads it when a person types codex in a shell of this Codex.
    CODEX_HOTSWAP_HOME: sharedHome,
  };
}
