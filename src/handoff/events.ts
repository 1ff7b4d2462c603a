import type { Mark } from '../accounts/marks.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { NoneLeft, Roomier } from './accounts.ts';
import type { Agent } from './agents.ts';
import type { ChildPlan } from './effects.ts';
import type { SessionThread } from './session-thread.ts';
import type { Ending } from './states.ts';

/** The origin of a sign of a limit: the state that Codex announces, an error cell, the record, an event of `--json`, an exit status. */
export type Source = 'state' | 'text' | 'record' | 'event' | 'exit';

/** The result of a search for proof. */
export type Finding =
  /** `thread`: the thread to go on with. Without a thread the command is run again. */
  | { name: 'proved'; proof: LimitProof; thread?: SessionThread; isIdle?: boolean }
  /** The service refuses the thread: it has encrypted reasoning of another account's model (fact 61). */
  | { name: 'reasoning-refused'; thread: SessionThread; turnId: string; source: Source }
  /** `source`: for the log. Without one there was no sign of a limit. */
  | { name: 'not-proved'; source?: Source };

export type Event =
  | Finding
  /** Keys may go to the child. */
  | { name: 'child-ready' }
  | { name: 'child-stopped' }
  | { name: 'child-continued' }
  /** `cause`: why the child could not begin, or `failed` when its record may tell why it failed. */
  | {
      name: 'child-ended';
      ending: Ending;
      cause?: 'active-writer' | 'needs-login' | 'failed';
      /** It has told an error. A refusal marks the account also when a signal has ended the child. */
      hasToldError?: true;
    }
  | { name: 'start-failed'; reason: string }
  /** The successor lives, but another process still writes the thread. */
  | { name: 'refused' }
  /** The successor has no thread after a while. It asks the user a question, or the machine is slow. */
  | { name: 'unsettled' }
  /** The child shows its sign-in screen, because the login of its account is gone. */
  | { name: 'login-gone' }
  | { name: 'triggered'; source: Source }
  /** An error cell had the text of a limit, and the record has none. */
  | { name: 'unconfirmed'; source: Source }
  | { name: 'bound'; thread: SessionThread }
  | { name: 'turn-began' }
  /** The account has answered a turn. `beganAt`: epoch milliseconds. */
  | { name: 'turn-succeeded'; beganAt: number }
  /** The turn of a sub-agent has met the limit. */
  | { name: 'agent-refused'; agent: Agent; proof: LimitProof }
  /** No turn runs, neither the user's nor an agent's. */
  | { name: 'at-rest' }
  /** No turn runs, the account has little left, and the target has more. */
  | ({ name: 'running-low' } & Roomier)
  /** The account spends credits against the user's setting, and no other account can go on. */
  | { name: 'spending' }
  | { name: 'chosen'; target: string; mark: Mark }
  | ({ name: 'none-left'; mark: Mark } & NoneLeft)
  | { name: 'typed' }
  | { name: 'account-back'; target: string }
  | { name: 'gave-up'; reason: string }
  | { name: 'stop-overdue' }
  /** The background commands and the agents that end with the child. */
  | { name: 'commands-ended'; names: readonly string[]; agents?: readonly Agent[] }
  /**
   * `to`: the target whose login the overlay links to now. Without a plan the command cannot be run again. `rule`: what allows
   * this account and not all, such as `rule for ~/src/acme`.
   */
  | { name: 'moved'; to: string; plan: SuccessorPlan | undefined; rule?: string }
  /** `to`: the target that was wanted. `shows`: the target whose login the overlay links to. */
  | { name: 'not-moved'; to: string; shows: string; failure: Failure }
  /** Without a plan the thread cannot be opened. */
  | { name: 'stayed'; plan: ChildPlan | undefined }
  /** Without a plan the command cannot be resumed. */
  | { name: 'copied'; copy: SessionThread; plan: ChildPlan | undefined }
  | { name: 'not-copied'; failure: Failure }
  | { name: 'retry-due' }
  | { name: 'signalled'; signal: NodeJS.Signals; number: number }
  | { name: 'hung-up' }
  | { name: 'flushed' }
  | { name: 'restored' };

/** The event of that name. */
export type EventOf<Name extends Event['name']> = Extract<Event, { name: Name }>;

/** The start of the next child: on the thread, or with the user's own command line once more. */
export interface SuccessorPlan {
  plan: ChildPlan;
  how: 'resume' | 'again';
}

/** Why the next child could not be made ready. */
export interface Failure {
  message: string;
  /** For the user. Set when the error is in src/errors.ts. */
  line?: string;
  /** No child can run under any account: Codex would log out each of them, or there is no Codex that starts. */
  isFinal: boolean;
}
