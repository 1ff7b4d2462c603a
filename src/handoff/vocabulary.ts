/** What failed; the machine only carries it. A child that never began a turn has neither. */
export interface Evidence {
  threadId?: string;
  turnId?: string;
}

/** How a child, and so the session, ended. */
export type Ending =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: NodeJS.Signals; number: number };

export type State =
  /** The first child is being started; it has drawn nothing yet. */
  | { name: 'starting'; tally: Tally }
  | { name: 'running'; tally: Tally }
  /** The job is stopped (Ctrl-Z) and so are we; a trigger seen just before is looked into after `fg`. */
  | { name: 'suspended'; tally: Tally; pending: boolean }
  /** Something looks like a limit; keys are held until the structured record has spoken. */
  | { name: 'suspected'; tally: Tally }
  /** Proof is there; the next account is being chosen while the child still lives. */
  | { name: 'choosing'; tally: Tally; evidence: Evidence }
  /** Nobody can take over: it is told, and decided whether to wait. */
  | { name: 'settling'; tally: Tally; evidence: Evidence }
  /** The first account to come back is waited for, until any key. */
  | { name: 'waiting'; tally: Tally; evidence: Evidence }
  /** A next account is there; the child is being ended. */
  | { name: 'stopping'; tally: Tally; evidence: Evidence; target: string }
  /** The child ended by itself, for its account's login is gone; the next account is being chosen. */
  | { name: 'replacing'; tally: Tally; evidence: Evidence; ending: Ending }
  /** No child lives; the auth link is moved. */
  | { name: 'rotating'; tally: Tally; evidence: Evidence; target: string }
  /** The child's account may not read the thread; the child is being ended, for a copy goes on. */
  | { name: 'leaving'; tally: Tally; evidence: Evidence }
  /** No child lives; the copy is being made. */
  | { name: 'copying'; tally: Tally; evidence: Evidence }
  /** The successor starts; `attempt` counts starts refused because the thread's writer lock was still held. */
  | { name: 'resuming'; tally: Tally; evidence: Evidence; attempt: number }
  /** No child lives; a refused start is tried again after a pause. */
  | { name: 'retrying'; tally: Tally; evidence: Evidence; attempt: number }
  | { name: 'flushing'; ending: Ending; stranded?: string }
  | { name: 'restoring'; ending: Ending }
  | { name: 'ended'; ending: Ending };

/** Bounds on rotation since a turn last succeeded: rotations, how many are allowed (one per account), and waits. */
export interface Tally {
  rotations: number;
  limit: number;
  waits: number;
  /** A copy was made for the account that works now: one that is refused, too, is refused for something else. */
  copied?: true;
}

export type Event =
  | { name: 'child-ready' }
  | { name: 'child-stopped' }
  | { name: 'child-continued' }
  /** `refusal`: why it could not begin. */
  | { name: 'child-ended'; ending: Ending; refusal?: 'active-writer' | 'needs-login' }
  /** The successor lives, but somebody else still writes the thread. */
  | { name: 'refused' }
  /** The successor has no thread after a while: it asks the user something, or is slow. */
  | { name: 'unsettled' }
  /** It stands in its sign-in screen, as the login of its account is gone; another account has one. */
  | { name: 'login-gone' }
  | { name: 'triggered' }
  | { name: 'proved'; evidence: Evidence }
  /** The service refuses the thread as it is, as another account's model thought in it. */
  | { name: 'proved-foreign'; evidence: Evidence }
  | { name: 'not-proved' }
  | { name: 'turn-succeeded' }
  /** At rest after a turn, with little left of the account; another has more. */
  | { name: 'running-low'; evidence: Evidence; target: string }
  | { name: 'target-chosen'; target: string }
  | { name: 'none-left' }
  /** `waits`: an account will come back by itself, and the user wants to wait for it. */
  | { name: 'settled'; waits: boolean }
  | { name: 'typed' }
  | { name: 'account-back'; target: string }
  | { name: 'gave-up' }
  | { name: 'stop-overdue' }
  | { name: 'repointed' }
  | { name: 'not-repointed' }
  /** `evidence` is of the copy. */
  | { name: 'copied'; evidence: Evidence }
  | { name: 'not-copied' }
  | { name: 'retry-due' }
  | { name: 'signalled'; signal: NodeJS.Signals; number: number }
  | { name: 'hung-up' }
  | { name: 'flushed' }
  | { name: 'restored' };

export type Effect =
  | { do: 'start' }
  | { do: 'seek-proof' }
  | { do: 'hold-input' }
  | { do: 'release-input' }
  | { do: 'choose-target'; evidence: Evidence }
  | { do: 'settle-exhausted'; evidence: Evidence }
  | { do: 'await-reset' }
  | { do: 'stop-waiting' }
  | { do: 'stop-child' }
  | { do: 'kill-child' }
  | { do: 'signal-child'; signal: NodeJS.Signals }
  | { do: 'hang-up-child' }
  | { do: 'suspend-ourselves' }
  /** `before`: what comes; pastes stay one thing while it is a successor. */
  | { do: 'undo-modes'; before: 'successor' | 'end' }
  | { do: 'repoint'; target: string; evidence: Evidence }
  | { do: 'copy-thread'; evidence: Evidence }
  | { do: 'resume'; evidence: Evidence }
  | { do: 'schedule-retry'; evidence: Evidence; attempt: number }
  | { do: 'flush'; stranded?: string }
  | { do: 'restore-terminal' }
  | { do: 'exit'; ending: Ending };

export interface Step {
  state: State;
  effects: Effect[];
}

/** The state of that name. */
export type Named<N extends State['name']> = Extract<State, { name: N }>;
