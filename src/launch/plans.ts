import type { SessionInvocation } from '../codex/argv.ts';
import type { Capabilities } from '../codex/capabilities.ts';
import { resolveNative } from '../codex/npm-launcher.ts';
import { readReturnModel } from '../codex/reserve.ts';
import { buildExecResumeArgv, buildResumeArgv } from '../codex/resume-argv.ts';
import type { LoginSettings } from '../codex/settings.ts';
import type { ChildPlan } from '../handoff/effects.ts';
import type { SessionThread } from '../handoff/session-thread.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { foldHookTrust, hookTrustOverride } from '../overlay/hook-trust.ts';
import { assertHeld } from '../overlay/lease.ts';
import type { Slot } from '../overlay/slot.ts';
import { CONFIG_DEFAULTS } from '../state/config.ts';
import { retryNow } from '../state/deferred-writes.ts';
import { type ConfigQuestion, readCodexConfig, readSettings } from './login-settings.ts';
import { listOverrides } from './overrides.ts';
import { shellHome } from './shell-home.ts';

/** The binary to start, found behind the npm launcher where that is safe (fact 51). */
export interface Program {
  file: string;
  env: NodeJS.ProcessEnv;
}

export interface PlanFacts {
  program: Program;
  capabilities: Capabilities;
  /** As typed, or with the thread that is to be resumed. */
  invocation: SessionInvocation;
  cwd: string;
  /** Where the thread works that is resumed. */
  directory?: string | undefined;
  slot: Slot;
  /** What Codex's configuration says as the session starts. A later child reads it again. */
  settings: LoginSettings;
  /** What a resumed thread is told. */
  prompt: string;
}

export function findProgram(real: string, env: NodeJS.ProcessEnv): Program {
  return resolveNative(real, env) ?? { file: real, env };
}

/** How the session's children are started: the user's command line first, then resumes of a thread. */
export async function planChildren(facts: PlanFacts): Promise<{
  first: ChildPlan;
  /** @param prompt what it is told, if not what every resumed thread is. */
  resume(thread: SessionThread, prompt?: string): Promise<ChildPlan>;
}> {
  const { invocation } = facts;
  return {
    first: await planChild(facts, invocation.args, facts.settings),
    async resume(thread, prompt = facts.prompt) {
      if (invocation.mode !== 'interactive') throw new Error('only a TUI is resumed in a pty');
      const own = thread.model === undefined ? readReturnModel(facts.slot.home, thread.id) : {};
      const words = buildResumeArgv(invocation, thread.id, { ...thread, ...own, prompt });
      return planNext({ ...facts, directory: thread.cwd }, words);
    },
  };
}

/** The same for `codex exec`, where a command may have nothing to resume and is run again as it was typed. */
export async function planExecChildren(facts: PlanFacts): Promise<{
  first: ChildPlan;
  resume(thread: SessionThread): Promise<ChildPlan | undefined>;
  again(): Promise<ChildPlan>;
}> {
  const { invocation } = facts;
  // Without a prompt on the command line `exec resume` would read stdin.
  const prompt = facts.prompt === '' ? CONFIG_DEFAULTS.prompt : facts.prompt;
  return {
    first: await planChild(facts, invocation.args, facts.settings),
    async resume(thread) {
      if (invocation.mode !== 'exec') throw new Error('only an exec is resumed without a pty');
      const words = buildExecResumeArgv(invocation, thread.id, { ...thread, prompt });
      return words && planNext({ ...facts, directory: thread.cwd }, words);
    },
    again: () => planNext(facts, invocation.args),
  };
}

/** For a child that is not the first in its overlay. */
async function planNext(facts: PlanFacts, args: readonly string[]): Promise<ChildPlan> {
  retryNow(() => assertHeld(facts.slot));
  // The overlay stands as the child before has had it: what cannot be brought up to date now is no reason to start none.
  try {
    furnishSlot(facts.slot);
  } catch {
    // A full disk, say.
  }
  // What the last child was newly trusted with is in config.toml under the overlay's name; `-c` outranks the file.
  await foldHookTrust(facts.slot).catch(() => undefined);
  return planChild(facts, args, await readSettings(placeOf(facts)));
}

async function planChild(
  facts: PlanFacts,
  args: readonly string[],
  { store }: LoginSettings,
): Promise<ChildPlan> {
  const { program, invocation, slot, capabilities, cwd } = facts;
  const place = placeOf(facts);
  const configText = readCodexConfig(slot.sharedHome);
  const overrides = listOverrides({
    capabilities: {
      noDaemon: capabilities.noDaemon,
      features: new Set(Object.keys(capabilities.features)),
    },
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
 * The child's environment: the overlay as its home, the databases still the shared home's (fact 31). Of a user who keeps
 * them elsewhere, too: `sqlite_home` of any layer outranks the variable.
 */
function overlayEnvironment(
  base: NodeJS.ProcessEnv,
  slot: Pick<Slot, 'home' | 'sharedHome'>,
): Record<string, string> {
  const env = Object.fromEntries(
    Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  env.CODEX_HOME = slot.home;
  if (!env.CODEX_SQLITE_HOME) env.CODEX_SQLITE_HOME = slot.sharedHome;
  // For the shim, should a codex be typed in a shell that Codex opens.
  env.CODEX_HOTSWAP_HOME = slot.sharedHome;
  // Ours alone: a codex typed in a shell that Codex opens is a launch of its own.
  delete env.CODEX_HOTSWAP_SHIM;
  return env;
}
