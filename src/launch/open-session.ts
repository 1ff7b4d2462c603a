import { readHeldIdentity } from '../accounts/owner.ts';
import type { SessionInvocation } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import { type HandoffAccounts, openHandoffAccounts } from '../handoff/accounts.ts';
import type { Ending } from '../handoff/states.ts';
import { keepLaunch } from '../registry/keep-launch.ts';
import { type Config, readConfig } from '../state/config.ts';
import { createDeferredWrites } from '../state/deferred-writes.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { MONITOR } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { isTerminal } from '../terminal/tty-facts.ts';
import { askMarked } from './ask-marked.ts';
import { learnCapabilities } from './capabilities.ts';
import { chooseByHome, type HomeChoice } from './choose-by-home.ts';
import { closeSessionOverlay } from './close-overlay.ts';
import { runAndClose } from './close-session.ts';
import { createLogoutGuard, refuseAfterLogout } from './forced-logout.ts';
import { readHomeLogin } from './home-login.ts';
import type { Launch } from './launch.ts';
import { logEvent } from './log-event.ts';
import { readLoginConstraints } from './login-constraints.ts';
import { findProgram } from './plans.ts';
import { openReadyOverlay } from './ready-overlay.ts';
import { reconcileLogins } from './reconcile-logins.ts';
import { chooseResume } from './resume-choice.ts';
import { planSession } from './run-session.ts';
import { foreseeAccount } from './session-overlay.ts';
import { hasTerminal } from './supervised.ts';
import { tellUnknownLogin } from './tell-unknown-login.ts';
import { createTokenKeeper } from './token-keeper.ts';
import { requireDirectory, workingDirectory } from './working-directory.ts';

/** A launch whose command line is parsed. */
export interface SessionFacts extends Omit<Launch, 'args' | 'real'> {
  real: string;
  paths: Paths;
  /** As typed, without words of ours. */
  invocation: SessionInvocation;
  /** One line for the user's stderr. */
  say(line: string): void;
}

/**
 * Everything that may fail before the child runs: account, overlay, command lines, record.
 * @returns the session, which is not started yet; undefined when Codex has to say itself why it cannot run.
 * @throws HotswapError when Codex is to run without us, or not at all (see launch.ts).
 */
export async function openSession(
  facts: SessionFacts,
): Promise<(() => Promise<Ending>) | undefined> {
  const { paths, env, cwd, say } = facts;
  // Without a terminal the TUI refuses to start, and its own words say why.
  if (facts.invocation.mode === 'interactive' && !hasTerminal(env)) return undefined;
  const stored = requireConfig(paths);
  const place = { invocation: facts.invocation, cwd, sharedHome: paths.sharedHome };

  const home = await chooseHome(facts, stored);
  if (home === undefined) return undefined;
  const directory = canonicalDirectory(workingDirectory(place));
  if (facts.wanted?.kind !== 'only') refuseAfterLogout(paths, directory, new Date());
  const reconciled = await reconcileLogins(paths, stored, new Date(), { isLaunch: true });
  for (const line of reconciled.lines) say(`codex-hotswap: ${line}`);

  const question = { ...place, invocation: facts.invocation, env, config: reconciled.config };
  const only = home.wanted?.kind === 'only' ? home.wanted.target : undefined;
  const constraints = await readLoginConstraints({ ...question, only });
  const { config } = constraints;
  if (constraints.line !== undefined) say(`codex-hotswap: ${constraints.line}`);
  const identityOf = (name: string) => readHeldIdentity(config, name);
  const targets = config.targets.map(({ name }) => name);
  const resume = await chooseResume({
    ...{ ...facts, targets, identityOf },
    pickThread: canPickThread(facts, config) ? facts.pickThread : undefined,
    foresee: () => foreseeAccount(paths, config, new Date(), home.wanted),
  });
  if (resume.hasLeft) return async () => ({ kind: 'exited', code: 0 });
  const { invocation } = resume;

  const pty = invocation.mode === 'interactive' ? await loadPty() : undefined;
  const program = findProgram(facts.real, env);
  const capabilities = await learnCapabilities(paths, program.file, program.env);
  const tokens = createTokenKeeper({ paths, config, real: facts.real, env });
  const wanted = home.wanted ?? resume.wanted;
  const suspects = new Set(reconciled.suspects);
  const ask = (names: readonly string[]) => askMarked({ paths, config, program }, names);
  const overlay = await openReadyOverlay({ paths, config, tokens, wanted, suspects, say, ask });
  const { slot, target } = overlay;
  for (const line of [
    home.tell(target),
    facts.wanted?.kind === 'only' ? undefined : tellUnknownLogin(paths, reconciled, target),
    ...overlay.notices,
    resume.tellHidden(target),
    reconciled.problem,
  ]) {
    if (line !== undefined) say(`codex-hotswap: ${line}`);
  }

  const records = createDeferredWrites();
  const accounts: HandoffAccounts = openHandoffAccounts({
    ...{ paths, slot, target, tokens, records, now: Date.now },
    config: reconciled.config,
    keepsHome: home.keepsHome,
    pinned: facts.pinned ?? false,
    askAccounts: ask,
    constraints,
    async readConstraints(directory) {
      requireDirectory({ ...place, directory });
      return readLoginConstraints({ ...question, directory });
    },
  });
  const session = {
    ...{ facts, config, accounts, tokens, records, spawnPty: pty?.spawnPty },
    plan: {
      ...{ program, capabilities, invocation, cwd, slot },
      ...{ settings: constraints.settings, prompt: config.prompt },
    },
    logoutGuard: createLogoutGuard(paths, config, directory, () => new Date()),
    keeper: keepLaunch({
      ...{ paths, target, cwd, args: facts.invocation.args, mode: invocation.mode },
      ...{ identityOf, records, now: () => new Date() },
    }),
  };
  const run = await planSession(session).catch(async (error: unknown) => {
    await closeSessionOverlay(paths, config, slot, target);
    throw error;
  });
  return () => runAndClose(session, run);
}

function requireConfig(paths: Paths): Config {
  const config = readConfig(paths);
  if (config !== undefined) return config;
  throw new HotswapError('not-set-up', 'no accounts are set up yet', 'run: codex-hotswap setup');
}

/** What the Codex home means for the account. @returns undefined when Codex is to run alone there; that is told. */
async function chooseHome(
  { paths, invocation, cwd, wanted, say }: SessionFacts,
  config: Config,
): Promise<HomeChoice | undefined> {
  const { sharedHome } = paths;
  const login = await readHomeLogin(paths, config, { invocation, cwd, sharedHome });
  const choice = chooseByHome(login, wanted);
  if (!('alone' in choice)) return choice;
  say(`codex-hotswap: ${choice.alone}`);
  logEvent(paths, { type: 'notice', message: choice.alone });
  return undefined;
}

/** Our list needs keys from stdin, and is drawn on stderr. */
function canPickThread({ env }: SessionFacts, { resumeList }: Config): boolean {
  return resumeList === 'all' && env.TERM !== 'dumb' && isTerminal(2);
}

/** The pty's native part is loaded only where it is needed, and may be missing (musl, a broken install). */
async function loadPty(): Promise<typeof import('../pty/spawn.ts')> {
  const pty = await import('../pty/spawn.ts');
  pty.checkPty(MONITOR);
  return pty;
}
