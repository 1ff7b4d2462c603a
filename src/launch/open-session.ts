import {
  type Allowance,
  restrictConfig,
  tellAllows,
  tellAllowsOnly,
} from '../accounts/allowance.ts';
import { readHeldIdentity } from '../accounts/owner.ts';
import type { SessionInvocation } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import { type HandoffAccounts, openHandoffAccounts } from '../handoff/accounts.ts';
import type { Ending } from '../handoff/states.ts';
import { keepLaunch } from '../registry/keep-launch.ts';
import { readTextQuietly } from '../regular-file.ts';
import { type Config, readConfig } from '../state/config.ts';
import { createDeferredWrites } from '../state/deferred-writes.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { MONITOR } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { isTerminal } from '../terminal/tty-facts.ts';
import { askMarked } from './ask-marked.ts';
import { learnCapabilities } from './capabilities.ts';
import type { WantedTarget } from './choose-account.ts';
import { chooseByHome, type HomeChoice } from './choose-by-home.ts';
import { closeSessionOverlay } from './close-overlay.ts';
import { runAndClose } from './close-session.ts';
import { createLogoutGuard, refuseAfterLogout } from './forced-logout.ts';
import { readHomeLogin } from './home-login.ts';
import type { Launch } from './launch.ts';
import {
  ACCOUNTS_VARIABLE,
  allowanceIn,
  readAllowance,
  readVariable,
  requireAllowed,
} from './launch-allowance.ts';
import { logEvent } from './log-event.ts';
import { readLoginConstraints } from './login-constraints.ts';
import { findProgram } from './plans.ts';
import { openReadyOverlay } from './ready-overlay.ts';
import { reconcileLogins } from './reconcile-logins.ts';
import { chooseResume } from './resume-choice.ts';
import { allowThread } from './ruled-thread.ts';
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
  /** Called when some accounts only may be used: then Codex must not run unsupervised. @param allows `the rule for ~/src/acme allows`. */
  restrict(allows: string): void;
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
  const stored = requireConfig(facts);
  const place = { invocation: facts.invocation, cwd, sharedHome: paths.sharedHome };

  const directory = canonicalDirectory(workingDirectory(place));
  const permitted = allowAccounts(facts, stored, directory);
  const home = await chooseHome(facts, stored, permitted);
  if (home === undefined) return undefined;
  if (facts.wanted?.kind !== 'only') refuseAfterLogout(paths, directory, new Date());
  const reconciled = await reconcileLogins(paths, stored, new Date(), { isLaunch: true });
  for (const line of reconciled.lines) say(`codex-hotswap: ${line}`);

  const question = { ...place, invocation: facts.invocation, env };
  const only = home.wanted?.kind === 'only' ? home.wanted.target : undefined;
  // A rename that was interrupted has changed the names by now.
  const allowed =
    reconciled.config === stored ? permitted : allowAccounts(facts, reconciled.config, directory);
  requireOnly(facts, only, allowed);
  const usable = restrictConfig(reconciled.config, allowed);
  const constraints = await readLoginConstraints({ ...question, config: usable, only });
  if (constraints.line !== undefined) say(`codex-hotswap: ${constraints.line}`);
  const identityOf = (name: string) => readHeldIdentity(constraints.config, name);
  const targets = usable.targets.map(({ name }) => name);
  const resume = await chooseResume({
    ...{ ...facts, targets, identityOf },
    pickThread: canPickThread(facts, usable) ? facts.pickThread : undefined,
    foresee: () =>
      foreseeAccount(paths, constraints.config, new Date(), {
        ...{ wanted: home.wanted, allowance: allowed },
      }),
  });
  if (resume.hasLeft) return async () => ({ kind: 'exited', code: 0 });
  const { invocation } = resume;
  const allowance = await allowThread({
    ...{ paths, config: reconciled.config, invocation, directory, allowance: allowed, identityOf },
    here: facts.here ?? false,
  });
  requireOnly(facts, only, allowance);
  const config = restrictConfig(constraints.config, allowance);
  const candidates = restrictConfig(reconciled.config, allowance);

  const pty = invocation.mode === 'interactive' ? await loadPty() : undefined;
  const program = findProgram(facts.real, env);
  const capabilities = await learnCapabilities(paths, program.file, program.env);
  const tokens = createTokenKeeper({ paths, config, real: facts.real, env });
  const ask = (names: readonly string[]) => askMarked({ paths, config, program }, names);
  const overlay = await openReadyOverlay({
    ...{ paths, config, tokens, say, ask, suspects: new Set(reconciled.suspects) },
    wish: { wanted: home.wanted ?? keepAllowed(resume.wanted, allowance), allowance },
  });
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
    config: candidates,
    allowance: { own: allowance, ofDirectory: (at) => allowanceIn(config, at, paths.home) },
    keepsHome: home.keepsHome,
    pinned: facts.pinned ?? false,
    askAccounts: ask,
    constraints,
    async readConstraints(directory) {
      requireDirectory({ ...place, directory });
      return readLoginConstraints({ ...question, config: candidates, directory });
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

/** A broken configuration may have rules. Then Codex must not run unsupervised. */
function requireConfig({ paths, env, restrict }: SessionFacts): Config {
  if (readVariable(env) !== undefined) restrict(`${ACCOUNTS_VARIABLE} allows`);
  try {
    const config = readConfig(paths);
    if (config !== undefined) return config;
  } catch (error) {
    if (readTextQuietly(paths.configFile).includes('"rules"'))
      restrict('a rule in this file may allow');
    throw error;
  }
  throw new HotswapError('not-set-up', 'no accounts are set up yet', 'run: codex-hotswap setup');
}

/** The accounts that the launch may use. An account that the user names must be among them. */
function allowAccounts(
  facts: SessionFacts,
  config: Config,
  directory: string,
): Allowance | undefined {
  const allowance = readAllowance(facts, config, directory, facts.paths);
  if (allowance !== undefined) facts.restrict(tellAllows(allowance));
  return allowance;
}

/** What the Codex home means for the account. @returns undefined when Codex is to run alone there; that is told. */
async function chooseHome(
  { paths, invocation, cwd, wanted, say }: SessionFacts,
  config: Config,
  allowance: Allowance | undefined,
): Promise<HomeChoice | undefined> {
  const { sharedHome } = paths;
  const login = await readHomeLogin(paths, config, { invocation, cwd, sharedHome });
  const choice = chooseByHome(login, wanted);
  if (!('alone' in choice)) return choice;
  if (allowance !== undefined && login.kind === 'apart') {
    const what = `${login.line}, but ${tellAllowsOnly(allowance)}`;
    throw new HotswapError(
      'not-allowed',
      what,
      'to use an account there: codex-hotswap launch NAME',
    );
  }
  say(`codex-hotswap: ${choice.alone}`);
  logEvent(paths, { type: 'notice', message: choice.alone });
  return undefined;
}

/** Our list needs keys from stdin, and is drawn on stderr. */
function canPickThread({ env }: SessionFacts, { resumeList }: Config): boolean {
  return resumeList === 'all' && env.TERM !== 'dumb' && isTerminal(2);
}

/** The account that the user or the Codex home names must be allowed. Tells the launcher that some accounts only are. */
function requireOnly(
  { wanted, paths, restrict }: SessionFacts,
  only: string | undefined,
  allowance: Allowance | undefined,
): void {
  if (allowance !== undefined) restrict(tellAllows(allowance));
  if (only === undefined) return;
  const isNamed = wanted?.kind === 'only';
  const home = `the login in ${paths.sharedHome} is that of ${only}`;
  requireAllowed(allowance, only, isNamed ? `you ask for ${only}` : home);
}

/** The last account of a thread counts only where it is allowed. */
function keepAllowed(
  wanted: WantedTarget | undefined,
  allowance: Allowance | undefined,
): WantedTarget | undefined {
  const isAllowed = wanted === undefined || (allowance?.targets.includes(wanted.target) ?? true);
  return isAllowed ? wanted : undefined;
}

/** The pty's native part is loaded only where it is needed, and may be missing (musl, a broken install). */
async function loadPty(): Promise<typeof import('../pty/spawn.ts')> {
  const pty = await import('../pty/spawn.ts');
  pty.checkPty(MONITOR);
  return pty;
}
