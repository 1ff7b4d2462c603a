import { type Identity, isSameIdentity } from '../accounts/login.ts';
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

/**
 * Of the threads on record, those that Codex's own lists leave out under this account: another account began them, and
 * their records say that they are of that account only (fact 59). Opens a few rollouts of other accounts only.
 * @param known the last used first.
 */
export async function hasHiddenThread(
  known: readonly KnownThread[],
  account: Identity,
): Promise<boolean> {
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
