import {
  type Allowance,
  restrictConfig,
  tellAllows,
  tellAllowsOnly,
} from '../accounts/allowance.ts';
import { readHeldIdentity } from '../accounts/owner.ts';
import { HotswapError } from '../errors.ts';
import type { IdentityOf } from '../registry/segment-usage.ts';
import { readTextQuietly } from '../regular-file.ts';
import { type Config, readConfig } from '../state/config.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { isTerminal } from '../terminal/tty-facts.ts';
import { chooseByHome, type HomeChoice } from './choose-by-home.ts';
import { refuseAfterLogout } from './forced-logout.ts';
import { readHomeLogin } from './home-login.ts';
import {
  ACCOUNTS_VARIABLE,
  readAllowance,
  readVariable,
  requireAllowed,
} from './launch-allowance.ts';
import { logEvent } from './log-event.ts';
import {
  type ConstraintsQuestion,
  type LoginConstraints,
  readLoginConstraints,
} from './login-constraints.ts';
import type { SessionFacts } from './open-session.ts';
import { type Reconciled, reconcileLogins } from './reconcile-logins.ts';
import { chooseResume, type ResumeChoice } from './resume-choice.ts';
import { allowThread } from './ruled-thread.ts';
import { foreseeAccount } from './session-overlay.ts';
import { workingDirectory } from './working-directory.ts';

/** What decides the account of a launch, and the accounts of its handoffs. */
export interface SettledAccounts {
  home: HomeChoice;
  reconciled: Reconciled;
  constraints: LoginConstraints;
  /** The thread that is resumed. Its last account is wanted only where it is allowed. */
  resume: ResumeChoice;
  /** The accounts that the user's rules allow. Undefined: all. */
  allowance: Allowance | undefined;
  /** For the next question about Codex's configuration. */
  question: Omit<ConstraintsQuestion, 'config'>;
  /** The working directory of Codex, canonical. */
  directory: string;
  identityOf: IdentityOf;
}

/**
 * Settles which accounts a launch may use, and puts the logins in order before.
 * @returns `alone` when Codex has to run alone, which is told; `left` when the person has left our list of threads.
 * @throws HotswapError when Codex is to run without us, or not at all (see launch.ts).
 */
export async function settleAccounts(
  facts: SessionFacts,
): Promise<SettledAccounts | 'alone' | 'left'> {
  const { paths, env, cwd, say } = facts;
  const stored = requireConfig(facts);
  const question = { invocation: facts.invocation, cwd, sharedHome: paths.sharedHome, env };
  const directory = canonicalDirectory(workingDirectory(question));
  const permitted = allowAccounts(facts, stored, directory);
  const home = await chooseHome(facts, stored, permitted);
  if (home === undefined) return 'alone';
  if (facts.wanted?.kind !== 'only') refuseAfterLogout(paths, directory, new Date());
  const reconciled = await reconcileLogins(paths, stored, new Date(), { isLaunch: true });
  for (const line of reconciled.lines) say(`codex-hotswap: ${line}`);

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
  if (resume.hasLeft) return 'left';
  const allowance = await allowThread({
    ...{
      paths,
      config: reconciled.config,
      invocation: resume.invocation,
      directory,
      allowance: allowed,
      identityOf,
    },
    here: facts.here ?? false,
  });
  requireOnly(facts, only, allowance);
  return {
    ...{ home, reconciled, constraints, allowance, question, directory, identityOf },
    resume: keepAllowed(resume, allowance),
  };
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
function keepAllowed(resume: ResumeChoice, allowance: Allowance | undefined): ResumeChoice {
  const { wanted, ...rest } = resume;
  const isAllowed = wanted === undefined || (allowance?.targets.includes(wanted.target) ?? true);
  return isAllowed ? resume : rest;
}
