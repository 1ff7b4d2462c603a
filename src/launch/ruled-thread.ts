import { type Allowance, narrow, tellAllowsOnly } from '../accounts/allowance.ts';
import { isSameIdentity } from '../accounts/login.ts';
import { continuesThread, readPromptAndSession, type SessionInvocation } from '../codex/argv.ts';
import { listRolloutsByDate } from '../codex/rollout-dates.ts';
import { readSessionMeta } from '../codex/rollout-file.ts';
import { isThreadId, parseThreadId } from '../codex/thread-files.ts';
import { readThreadNames } from '../codex/thread-names.ts';
import { HotswapError } from '../errors.ts';
import { listKnownThreads } from '../registry/known-threads.ts';
import { readLaunches, type Segment } from '../registry/launch-record.ts';
import type { IdentityOf } from '../registry/segment-usage.ts';
import { toShellWord } from '../shell-word.ts';
import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { askPerson } from './ask-person.ts';
import { readRule } from './launch-allowance.ts';

export interface ThreadQuestion {
  paths: Paths;
  config: Config;
  /** The command line, with the id of the thread that it continues. */
  invocation: SessionInvocation;
  /** The working directory of Codex. */
  directory: string;
  /** What the launch allows without the thread. */
  allowance: Allowance | undefined;
  /** The user has agreed already (`--here`). */
  here: boolean;
  identityOf: IdentityOf;
  /** Tests give another one. */
  ask?: typeof askPerson;
}

/**
 * What a launch allows that resumes or forks a thread: the rule of the thread's own directory holds, too. A thread that ran last
 * under an account outside of the rules goes on only after a question, because all of its conversation goes to the new account.
 * A thread without a record is not asked about. Without rules it reads nothing.
 * @throws HotswapError `not-allowed` without a terminal, and when two rules have no account in common; `cancelled`; `bad-rule`.
 */
export async function allowThread(question: ThreadQuestion): Promise<Allowance | undefined> {
  const { paths, config, invocation, directory, allowance, here } = question;
  if (config.rules.length === 0 || !continuesThread(invocation)) return allowance;
  const thread = findThread(paths, readPromptAndSession(invocation).session);
  if (thread === undefined) return allowance;
  const { id, rollout, last } = thread;
  const cwd = await readThreadDirectory(rollout);
  const byThread = cwd === undefined ? undefined : readRule(config, cwd, paths);
  const byRules = narrow(readRule(config, directory, paths), byThread);
  if (cwd !== undefined && byRules?.targets.length === 0) {
    throw new HotswapError(
      'not-allowed',
      `the thread works in ${cwd}, and ${tellAllowsOnly(byRules)}`,
      `resume it there: cd ${toShellWord(cwd)} && codex resume ${id}`,
    );
  }
  if (byRules !== undefined && last !== undefined && !here) {
    requireConsent(question, byRules, { id, last });
  }
  const both = narrow(allowance, byThread);
  if (both === undefined || both.targets.length > 0) return both;
  throw new HotswapError(
    'not-allowed',
    `the thread works in ${cwd}, and ${tellAllowsOnly(both)}`,
    'for the rules: codex-hotswap rule list',
  );
}

interface FoundThread {
  id: string;
  rollout: string | undefined;
  /** The last segment on record. */
  last: Segment | undefined;
}

/** @param session the id or the name on the command line. */
function findThread(paths: Paths, session: string | undefined): FoundThread | undefined {
  if (session === undefined) return undefined;
  const id = isThreadId(session)
    ? session.toLowerCase()
    : [...readThreadNames(paths.sharedHome)].findLast(([, name]) => name === session)?.[0];
  if (id === undefined) return undefined;
  const known = listKnownThreads(readLaunches(paths).launches).find(({ thread }) => thread === id);
  return { id, rollout: known?.rollout ?? findRollout(paths.sharedHome, id), last: known?.last };
}

async function readThreadDirectory(rollout: string | undefined): Promise<string | undefined> {
  if (rollout === undefined) return undefined;
  return (await readSessionMeta(rollout).catch(() => undefined))?.cwd;
}

function findRollout(codexHome: string, id: string): string | undefined {
  for (const rollout of listRolloutsByDate(codexHome)) {
    if (parseThreadId(rollout) === id) return rollout;
  }
  return undefined;
}

function requireConsent(
  { config, identityOf, invocation, ask = askPerson }: ThreadQuestion,
  allowance: Allowance,
  { id, last }: { id: string; last: Segment },
): void {
  const holders = config.targets
    .map(({ name }) => name)
    .filter((name) => {
      const held = identityOf(name);
      if (held === undefined || last.identity === undefined) return name === last.target;
      return isSameIdentity(held, last.identity);
    });
  if (holders.some((name) => allowance.targets.includes(name))) return;
  const ran = `this thread ran under ${holders[0] ?? last.target}, but ${tellAllowsOnly(allowance)}`;
  const names = allowance.targets.join(' or ');
  const agrees = ask(`${ran}; go on with it under ${names}, which gets to see all of it?`);
  if (agrees === true) return;
  if (agrees === false) {
    throw new HotswapError('cancelled', 'the thread was not continued', 'nothing was changed');
  }
  throw new HotswapError(
    'not-allowed',
    ran,
    `to go on with it under ${names}, which gets to see all of it: codex ${invocation.command} --here ${id}`,
  );
}
