import { isSameIdentity } from '../accounts/login.ts';
import {
  continuesThread,
  hasFlag,
  readPromptAndSession,
  type SessionInvocation,
} from '../codex/argv.ts';
import { findThreads } from '../codex/find-threads.ts';
import { beginThread, pinThread } from '../codex/resume-argv.ts';
import { isThreadId } from '../codex/thread-files.ts';
import { findLastCopy, type KnownThread, listKnownThreads } from '../registry/known-threads.ts';
import { type LaunchRecord, readLaunches } from '../registry/launch-record.ts';
import type { IdentityOf } from '../registry/segment-usage.ts';
import { canonicalDirectory } from '../state/directories.ts';
import type { WantedTarget } from './choose-account.ts';
import { askForThread, type ListedThreads, type PickedThread } from './hidden-threads.ts';
import { findNamedThread } from './named-thread.ts';
import { workingDirectory } from './working-directory.ts';

/** The thread that a launch resumes, and its account. */
export interface ResumeChoice {
  /** The person has left our list of threads: nothing is to be started. */
  hasLeft?: true;
  /** The command line, with an id instead of `--last` or a name. */
  invocation: SessionInvocation;
  /** The last account of the thread. */
  wanted?: WantedTarget;
  /** A line for the user about threads that Codex's list hides: it shows the threads of one account (fact 59). */
  tellHidden(target: string): string | undefined;
}

export interface ResumeQuestion
  extends Pick<ListedThreads, 'invocation' | 'paths' | 'pickThread' | 'foresee'> {
  cwd: string;
  identityOf: IdentityOf;
  /** Resume under the account of a new session. */
  here?: boolean;
  /** In the order of the configuration. */
  targets: readonly string[];
}

/** Which thread a launch resumes or forks, if any, and under which account. */
export async function chooseResume(question: ResumeQuestion): Promise<ResumeChoice> {
  const { invocation, paths, identityOf } = question;
  const silent = () => undefined;
  if (!continuesThread(invocation)) return { invocation, tellHidden: silent };
  const { launches } = readLaunches(paths);
  const known = listKnownThreads(launches);
  const directory = canonicalDirectory(workingDirectory(question));
  if (hasFlag(invocation, 'last')) {
    const id = invocation.ambiguous ? undefined : await findLast(question, known, directory);
    if (id === undefined) return { invocation, tellHidden: silent };
    const pinned = pinThread(invocation, id);
    return { invocation: pinned, ...ownAccount(id, known, question), tellHidden: silent };
  }
  const { session } = readPromptAndSession(invocation);
  if (session !== undefined) {
    const named =
      goOnInCopy(session, launches, invocation) ?? findNamedThread(session, known, question);
    return {
      ...{ invocation: named?.invocation ?? invocation, tellHidden: silent },
      ...ownAccount(named?.id ?? session, known, question),
    };
  }
  const here = known.filter(({ cwd }) => canonicalDirectory(cwd) === directory);
  const listed = hasFlag(invocation, 'all') ? known : here;
  const picked = await askForThread({ ...question, directory, listed });
  return (
    applyPick(picked, known, question) ?? {
      invocation,
      tellHidden: (target) => tellOthers(listed, target, identityOf),
    }
  );
}

/**
 * The thread of a client of `exec --json` when its work went on in a copy. The client knows nothing of a copy, and goes on with
 * the id of the original.
 */
function goOnInCopy(
  session: string,
  launches: readonly LaunchRecord[],
  invocation: SessionInvocation,
): ReturnType<typeof findNamedThread> {
  const isOfClient = invocation.mode === 'exec' && hasFlag(invocation, 'json');
  if (!isOfClient || invocation.ambiguous || !isThreadId(session)) return undefined;
  const id = findLastCopy(session.toLowerCase(), launches);
  if (id === undefined) return undefined;
  const [, ...prompt] = invocation.positionals;
  return { id, invocation: pinThread({ ...invocation, positionals: prompt }, id) };
}

/** What a person has picked in our list. @returns undefined when our list was not opened. */
function applyPick(
  picked: PickedThread,
  known: readonly KnownThread[],
  question: ResumeQuestion,
): ResumeChoice | undefined {
  const { invocation } = question;
  const tellHidden = () => undefined;
  switch (picked.kind) {
    case 'thread': {
      const pinned = pinThread(invocation, picked.id);
      return { invocation: pinned, ...ownAccount(picked.id, known, question), tellHidden };
    }
    case 'new-thread':
      return { invocation: beginThread(invocation), tellHidden };
    case 'own-list':
      return { invocation, tellHidden };
    case 'left':
      return { invocation, tellHidden, hasLeft: true };
    case 'none':
      return undefined;
  }
}

/** The newest thread of this directory, among the threads that this command can resume (fact 47). */
async function findLast(
  { invocation, paths }: ResumeQuestion,
  known: readonly KnownThread[],
  directory: string,
): Promise<string | undefined> {
  const everywhere = hasFlag(invocation, 'all');
  const everySource = invocation.mode === 'exec' || hasFlag(invocation, 'include-non-interactive');
  const [last] = await findThreads({
    codexHome: paths.sharedHome,
    known: known.map(({ rollout }) => rollout),
    fits: ({ cwd, source }) =>
      (everywhere || (cwd !== undefined && canonicalDirectory(cwd) === directory)) &&
      (everySource || source === 'cli' || source === 'vscode'),
    limit: 1,
  });
  return last?.id;
}

/** The target that has the last account of the thread, also after the target was renamed. */
function ownAccount(
  id: string,
  known: readonly KnownThread[],
  { identityOf, targets, here }: ResumeQuestion,
): { wanted?: WantedTarget } {
  if (here) return {};
  const last = known.find(({ thread }) => thread === id)?.last;
  if (last === undefined) return {};
  const still = [last.target, ...targets].find((name) => {
    const held = identityOf(name);
    return held !== undefined && last.identity !== undefined && isSameIdentity(held, last.identity);
  });
  // An account that was logged out since is still wanted: then a line tells which account is used instead.
  const isLoggedOut = targets.includes(last.target) && identityOf(last.target) === undefined;
  const target = still ?? (isLoggedOut ? last.target : undefined);
  return target === undefined ? {} : { wanted: { kind: 'preferred', target } };
}

function tellOthers(
  here: readonly KnownThread[],
  target: string,
  identityOf: IdentityOf,
): string | undefined {
  const own = identityOf(target);
  const others = here.filter(
    ({ first: { identity } }) =>
      identity !== undefined && own !== undefined && !isSameIdentity(identity, own),
  );
  if (others.length === 0) return undefined;
  const many = others.length > 1;
  return `${others.length} ${many ? 'threads' : 'thread'} here ${many ? 'were' : 'was'} begun under other accounts, and this list may leave ${many ? 'them' : 'it'} out; for all: codex-hotswap resume`;
}
