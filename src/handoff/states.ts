import type { Mark } from '../accounts/marks.ts';
import type { Room } from '../accounts/usage.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { AwaitedAccount } from './accounts.ts';
import type { StoppedAgent } from './agents.ts';
import type { StartEffect } from './effects.ts';
import type { Source } from './events.ts';
import type { SessionThread } from './session-thread.ts';

/** How a child, and so the session, ended. */
export type Ending =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: NodeJS.Signals; number: number };

/** A state has an `ending` when its child has ended by itself and the next child is not started yet. */
export type State =
  /** The first child is being started. It has not drawn yet. */
  | { name: 'starting'; session: Session }
  | { name: 'running'; session: Session }
  /** The job is stopped (Ctrl-Z), and so are we. `pending`: the sign of a limit that is checked after `fg`. */
  | { name: 'suspended'; session: Session; pending?: Source }
  /** Something looks like a limit. Keys wait until the thread's record has been read. */
  | { name: 'suspected'; session: Session; source: Source; ending?: Ending; pending?: Source }
  /** There is proof. The next account is being chosen. `pending`: a later sign, which is checked after that. */
  | { name: 'choosing'; session: Session; ending?: Ending; pending?: Source }
  /** Every account is at its limit. The session waits for the first account to come back. */
  | { name: 'waiting'; session: Session; awaited: AwaitedAccount; ending?: Ending }
  /** The child is being ended. Without a target the session goes on in a copy of its thread. */
  | { name: 'stopping'; session: Session; target?: string }
  /** No child lives. The overlay gets the login of the target. */
  | { name: 'moving'; session: Session; target: string; ending?: Ending }
  /** No child lives. The move failed, and a child for the same account is planned. */
  | { name: 'staying'; session: Session; line: string }
  /** No child lives. The thread is being copied. */
  | { name: 'copying'; session: Session; ending?: Ending }
  /** The successor starts. `attempt` counts the starts. */
  | { name: 'resuming'; session: Session; start: StartEffect; attempt: number; ending?: Ending }
  /** No child lives. Another process held the thread's writer lock, so the start is tried again. */
  | { name: 'retrying'; session: Session; start: StartEffect; attempt: number }
  | { name: 'flushing'; ending: Ending; lines: readonly string[] }
  | { name: 'restoring'; ending: Ending; lines: readonly string[] }
  | { name: 'ended'; ending: Ending };

/** The state of that name. */
export type Named<N extends State['name']> = Extract<State, { name: N }>;

/** A state of a session that goes on. */
export type WithSession = Exclude<State, Named<'flushing' | 'restoring' | 'ended'>>;

/** The memory of a session from one state to the next. */
export interface Session {
  rules: Rules;
  /** The account that the child runs under. */
  target: string;
  /** The thread that the child works on, or that the next child goes on with. */
  thread: SessionThread | undefined;
  /** The ids of the failed turns that the session has acted on. They are no proof any more. */
  answered: readonly string[];
  /** Why the session goes on under another account. */
  cause: Cause | undefined;
  /** The accounts that the session has left, in order, and why. */
  left: readonly LeftAccount[];
  /** Epoch milliseconds: when the work stopped. Undefined from the first turn of the successor on. */
  stoppedAt: number | undefined;
  /** Handoffs since a turn last succeeded. */
  handoffs: number;
  /** Waits for a reset since a turn last succeeded. */
  waits: number;
  /** A copy of the thread was made for the account that runs now. */
  hasCopied: boolean;
  /** The names of the background commands that ended with the child. */
  endedCommands: readonly string[];
  /** The sub-agents that were stopped, and that no prompt has named yet. */
  agents: readonly StoppedAgent[];
  /** The id of each copy → the id of the thread that it is a copy of. */
  originals: Readonly<Record<string, string>>;
  /** Every account is at its limit: the line for stderr at the end, and the text in the title. */
  exhausted: { summary: string; note: string } | undefined;
  /** The signal that a command got last. No successor is started after it. */
  interruption: Ending | undefined;
}

/** The facts that do not change while a session lasts. */
export interface Rules {
  /** A session on a terminal: Codex stays open when no account is left. False for a command (`codex exec`). */
  isInteractive: boolean;
  /** How many accounts are set up. */
  accounts: number;
  /** Seconds between a reset and the question whether the account is back. Undefined: no reset is waited for. */
  slackSeconds: number | undefined;
  /** The prompt of a resumed thread; '' for none. */
  prompt: string;
}

export interface LeftAccount {
  target: string;
  /** In words, for the line at the end; '' when there is no reason to tell. */
  why: string;
}

export type Cause =
  /**
   * The account is at its limit, or its login is gone. `isIdle`: no turn was cut off, so the successor gets no prompt.
   * `isBack`: the session has waited for the account that goes on.
   */
  | { kind: 'limit'; proof: LimitProof; mark?: Mark; isIdle: boolean; isBack?: true }
  /** The account has little left. `onCredits`: nothing of its plan is left, and purchased credits pay. */
  | { kind: 'low'; room: Room; onCredits?: true }
  /** The account may not read the encrypted reasoning of another account's model in the thread (fact 61). */
  | { kind: 'foreign-reasoning' };
