import { type Identity, isSameIdentity } from '../accounts/login.ts';
import { hasFlag, type SessionInvocation } from '../codex/argv.ts';
import { readSessionMeta } from '../codex/rollout-file.ts';
import type { KnownThread } from '../registry/known-threads.ts';
import type { Paths } from '../state/paths.ts';

/** The list of threads that a person chooses from. */
export interface ThreadListQuestion {
  paths: Paths;
  now: Date;
  /** The directory of the session. Its threads come first, or only they are listed. */
  directory: string;
  /** Threads of all directories come first. */
  everywhere: boolean;
  /** Also threads that neither a terminal nor an IDE has begun (fact 47). */
  everySource: boolean;
  verb: 'Resume' | 'Fork';
  /** The list stands in for Codex's own list. A line that says what that list shows. */
  ownList?: string;
}

export type PickedThread =
  | { kind: 'thread'; id: string }
  /** Codex's own list is to be opened. */
  | { kind: 'own-list' }
  /** A new thread is to be begun. */
  | { kind: 'new-thread' }
  | { kind: 'left' }
  /** There is no thread to choose. */
  | { kind: 'none' };

export type PickThread = (question: ThreadListQuestion) => Promise<PickedThread>;

/** What Codex's own list would be about. */
export interface ListedThreads {
  invocation: SessionInvocation;
  paths: Paths;
  /** The working directory. */
  directory: string;
  /** The threads on record that the list would be about, the last used first. */
  listed: readonly KnownThread[];
  /** Undefined: Codex's own list is opened in any case. */
  pickThread: PickThread | undefined;
  /** The account that a new session would start under. @throws HotswapError when there is none. */
  foresee(): { target: string; identity: Identity };
}

/**
 * A bare `codex resume` or `codex fork`: a person chooses from our list where Codex's own would leave out threads of other
 * accounts. `none`: our list was not opened, or it has no thread.
 */
export async function askForThread(threads: ListedThreads): Promise<PickedThread> {
  const { invocation, paths, directory, listed, pickThread, foresee } = threads;
  const isBare = invocation.mode === 'interactive' && invocation.positionals.length === 0;
  // The next word of an unknown option may be a thread.
  if (pickThread === undefined || !isBare || invocation.ambiguous) return { kind: 'none' };
  if (listed.length === 0) return { kind: 'none' };
  const { target, identity } = foresee();
  if (!(await hasHiddenThread(listed, identity))) return { kind: 'none' };
  return pickThread({
    ...{ paths, directory, now: new Date() },
    everywhere: hasFlag(invocation, 'all'),
    everySource: hasFlag(invocation, 'include-non-interactive'),
    verb: invocation.command === 'fork' ? 'Fork' : 'Resume',
    ownList: `it shows only the threads that ${target} has begun`,
  });
}

/**
 * Whether Codex's own lists leave out one of the threads on record under this account: another account began them, and
 * their records say that they are of that account only (fact 59). Opens a few rollouts of other accounts only.
 * @param known the last used first.
 */
async function hasHiddenThread(known: readonly KnownThread[], account: Identity): Promise<boolean> {
  const ofOthers = known.filter(
    ({ first: { identity }, isOfExec }) =>
      !isOfExec && identity !== undefined && !isSameIdentity(identity, account),
  );
  for (const { rollout } of ofOthers.slice(0, MOST_OPENED)) {
    const scope = (await readSessionMeta(rollout).catch(() => undefined))?.scope;
    if (scope !== undefined && !isSameIdentity(scope, account)) return true;
  }
  return false;
}

/** The first line of a rollout has tens of kilobytes. A few tell whether the Codex of this user hides threads. */
const MOST_OPENED = 20;
