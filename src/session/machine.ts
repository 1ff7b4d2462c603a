/**
 * The session as a pure reducer: what has happened → what to do. It knows no process, no terminal, no file and no
 * clock; `run.ts` is the one interpreter of its effects. Properties held by test/unit/session/machine.test.ts:
 * the terminal is restored exactly once on every path, at most one child lives, nothing rotates without proof,
 * every chain of rotations is bounded, a thread is copied at most once for an account, held input is always released or
 * dropped with the session.
 */

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
  | { do: 'undo-modes' }
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

/** Starts of a resume that meet a still held writer lock are tried this often before the session gives up. */
export const MAX_ATTEMPTS = 6;
/** Accounts that came back are gone on with this often, as long as not one turn succeeds. */
export const MAX_WAITS = 3;

/** @param accounts how many accounts are set up: the bound on rotations without a successful turn between. */
export function beginSession(accounts: number): Step {
  return {
    state: {
      name: 'starting',
      tally: { rotations: 0, limit: Math.max(0, accounts - 1), waits: 0 },
    },
    effects: [{ do: 'start' }],
  };
}

/** One step of the session. Events that mean nothing in a state leave it as it is. */
export function advance(state: State, event: Event): Step {
  switch (state.name) {
    case 'starting':
    case 'running':
      return advanceRunning(state, event);
    case 'suspended':
      return advanceSuspended(state, event);
    case 'suspected':
      return advanceSuspected(state, event);
    case 'choosing':
      return advanceChoosing(state, event);
    case 'settling':
      return advanceSettling(state, event);
    case 'waiting':
      return advanceWaiting(state, event);
    case 'stopping':
      return advanceStopping(state, event);
    case 'replacing':
      return advanceReplacing(state, event);
    case 'rotating':
      return advanceRotating(state, event);
    case 'leaving':
      return advanceLeaving(state, event);
    case 'copying':
      return advanceCopying(state, event);
    case 'resuming':
      return advanceResuming(state, event);
    case 'retrying':
      return advanceRetrying(state, event);
    case 'flushing':
      return event.name === 'flushed' || isAnEnd(event)
        ? to({ name: 'restoring', ending: state.ending }, { do: 'restore-terminal' })
        : stay(state);
    case 'restoring':
      return event.name === 'restored'
        ? to({ name: 'ended', ending: state.ending }, { do: 'exit', ending: state.ending })
        : stay(state);
    case 'ended':
      return stay(state);
    default:
      return unreachable(state);
  }
}

type Running = Extract<State, { name: 'starting' | 'running' }>;

function advanceRunning(state: Running, event: Event): Step {
  switch (event.name) {
    case 'child-ready':
      return to({ name: 'running', tally: state.tally });
    case 'triggered':
      return suspect(state.tally);
    case 'turn-succeeded':
      return to({ ...state, tally: afresh(state.tally) });
    case 'running-low': {
      const { evidence, target } = event;
      const next: State = { name: 'stopping', tally: state.tally, evidence, target };
      return state.tally.rotations > state.tally.limit
        ? stay(state)
        : to(next, { do: 'hold-input' }, { do: 'stop-child' });
    }
    case 'child-stopped':
      return suspend(state.tally, false);
    case 'child-ended':
      return event.refusal === 'needs-login'
        ? replace(state.tally, {}, event.ending)
        : finish(event.ending);
    default:
      return withLivingChild(state, event);
  }
}

function advanceSuspended(state: Named<'suspended'>, event: Event): Step {
  switch (event.name) {
    case 'child-continued':
      return state.pending
        ? suspect(state.tally)
        : to({ name: 'running', tally: state.tally }, { do: 'release-input' });
    case 'triggered':
      return to({ ...state, pending: true });
    default:
      return withLivingChild(state, event);
  }
}

function advanceSuspected(state: Named<'suspected'>, event: Event): Step {
  switch (event.name) {
    case 'proved':
      return choose(state.tally, event.evidence);
    case 'proved-foreign':
      return state.tally.copied
        ? to({ name: 'running', tally: state.tally }, { do: 'release-input' })
        : to(
            { name: 'leaving', tally: state.tally, evidence: event.evidence },
            { do: 'stop-child' },
          );
    case 'not-proved':
      return to({ name: 'running', tally: state.tally }, { do: 'release-input' });
    case 'child-stopped':
      return suspend(state.tally, true);
    default:
      return withLivingChild(state, event);
  }
}

function advanceChoosing(state: Named<'choosing'>, event: Event): Step {
  switch (event.name) {
    case 'target-chosen':
      return to(
        { name: 'stopping', tally: state.tally, evidence: state.evidence, target: event.target },
        { do: 'stop-child' },
      );
    case 'none-left':
      return exhausted(state.tally, state.evidence);
    default:
      return withLivingChild(state, event);
  }
}

function advanceSettling(state: Named<'settling'>, event: Event): Step {
  const { tally } = state;
  switch (event.name) {
    case 'settled':
      return event.waits && tally.waits < MAX_WAITS
        ? to({ ...state, name: 'waiting' }, { do: 'release-input' }, { do: 'await-reset' })
        : to({ name: 'running', tally }, { do: 'release-input' });
    case 'child-stopped':
      return suspend(tally, false);
    default:
      return withLivingChild(state, event);
  }
}

function advanceWaiting(state: Named<'waiting'>, event: Event): Step {
  const { tally, evidence } = state;
  const stop: Effect = { do: 'stop-waiting' };
  switch (event.name) {
    case 'account-back':
      return to(
        {
          name: 'stopping',
          tally: { ...tally, rotations: 0, waits: tally.waits + 1 },
          evidence,
          target: event.target,
        },
        { do: 'hold-input' },
        { do: 'stop-child' },
      );
    case 'typed':
      return to({ name: 'running', tally }, stop);
    case 'gave-up':
      return to({ name: 'running', tally });
    case 'turn-succeeded':
      return to({ name: 'running', tally: afresh(tally) }, stop);
    case 'triggered':
      // A late sign of the same failure, as a rule.
      return to(state, { do: 'seek-proof' });
    case 'proved':
      // A prompt that Codex had queued failed as well.
      return before([stop, { do: 'hold-input' }], choose(tally, event.evidence));
    case 'child-stopped':
      return before([stop], suspend(tally, false));
    default:
      return withLivingChild(state, event);
  }
}

function advanceStopping(state: Named<'stopping'>, event: Event): Step {
  switch (event.name) {
    case 'stop-overdue':
      return to(state, { do: 'kill-child' });
    case 'child-ended':
      return to(
        { ...state, name: 'rotating' },
        { do: 'undo-modes' },
        { do: 'repoint', target: state.target, evidence: state.evidence },
      );
    default:
      return withLivingChild(state, event);
  }
}

function advanceReplacing(state: Named<'replacing'>, event: Event): Step {
  const { tally, evidence } = state;
  switch (event.name) {
    case 'target-chosen': {
      const { target } = event;
      return to({ name: 'rotating', tally, evidence, target }, { do: 'repoint', target, evidence });
    }
    case 'none-left':
      return finish(state.ending, evidence.threadId);
    default:
      return withoutChild(state, event);
  }
}

function advanceRotating(state: Named<'rotating'>, event: Event): Step {
  switch (event.name) {
    case 'repointed': {
      const { copied: _copied, ...rest } = state.tally;
      const tally = { ...rest, rotations: rest.rotations + 1 };
      return to(
        { name: 'resuming', tally, evidence: state.evidence, attempt: 1 },
        { do: 'resume', evidence: state.evidence },
      );
    }
    case 'not-repointed':
      return finish({ kind: 'exited', code: 1 }, state.evidence.threadId);
    default:
      return withoutChild(state, event);
  }
}

function advanceLeaving(state: Named<'leaving'>, event: Event): Step {
  switch (event.name) {
    case 'stop-overdue':
      return to(state, { do: 'kill-child' });
    case 'child-ended':
      return to(
        { ...state, name: 'copying' },
        { do: 'undo-modes' },
        { do: 'copy-thread', evidence: state.evidence },
      );
    default:
      return withLivingChild(state, event);
  }
}

function advanceCopying(state: Named<'copying'>, event: Event): Step {
  switch (event.name) {
    case 'copied': {
      const { evidence } = event;
      return to(
        { name: 'resuming', tally: { ...state.tally, copied: true }, evidence, attempt: 1 },
        { do: 'resume', evidence },
      );
    }
    case 'not-copied':
      return finish({ kind: 'exited', code: 1 }, state.evidence.threadId);
    default:
      return withoutChild(state, event);
  }
}

function advanceResuming(state: Named<'resuming'>, event: Event): Step {
  switch (event.name) {
    case 'child-ready':
      return to({ name: 'running', tally: state.tally }, { do: 'release-input' });
    case 'triggered':
      // The successor can meet its own limit before it has drawn a frame.
      return suspect(state.tally);
    case 'unsettled':
      // Whoever is asked must be able to answer; a refusal may still come.
      return to(state, { do: 'release-input' });
    case 'refused':
      // After the last attempt Codex's own question is left to the user.
      return hasAttempts(state)
        ? to(state, { do: 'kill-child' })
        : to({ name: 'running', tally: state.tally }, { do: 'release-input' });
    case 'child-stopped':
      return suspend(state.tally, false);
    case 'child-ended':
      if (event.refusal === 'active-writer' && failed(event.ending) && hasAttempts(state)) {
        return to(
          { ...state, name: 'retrying' },
          { do: 'hold-input' },
          { do: 'schedule-retry', evidence: state.evidence, attempt: state.attempt },
        );
      }
      if (event.refusal === 'needs-login') {
        return replace(state.tally, state.evidence, event.ending);
      }
      return finish(event.ending, failed(event.ending) ? state.evidence.threadId : undefined);
    default:
      return withLivingChild(state, event);
  }
}

function advanceRetrying(state: Named<'retrying'>, event: Event): Step {
  switch (event.name) {
    case 'retry-due':
      return to(
        { ...state, name: 'resuming', attempt: state.attempt + 1 },
        { do: 'resume', evidence: state.evidence },
      );
    default:
      return withoutChild(state, event);
  }
}

/** What every state with a living child does alike: relay signals, follow a hang-up, end with the child. */
function withLivingChild(state: State, event: Event): Step {
  switch (event.name) {
    case 'signalled':
      return to(state, { do: 'signal-child', signal: event.signal });
    case 'hung-up':
      return to(state, { do: 'hang-up-child' });
    case 'child-ended':
      return finish(event.ending);
    case 'child-stopped':
      // Stopped in the middle of a handoff: nothing to wait for, the child is to end anyway.
      return to(state, { do: 'kill-child' });
    default:
      return stay(state);
  }
}

/** Between two children a deadly signal or a closed terminal ends the session; the thread can be resumed by hand. */
function withoutChild(
  state: Named<'replacing' | 'rotating' | 'copying' | 'retrying'>,
  event: Event,
): Step {
  switch (event.name) {
    case 'signalled':
      return finish(
        { kind: 'signalled', signal: event.signal, number: event.number },
        state.evidence.threadId,
      );
    case 'hung-up':
      return finish({ kind: 'signalled', signal: 'SIGHUP', number: 1 }, state.evidence.threadId);
    default:
      return stay(state);
  }
}

function suspect(tally: Tally): Step {
  return to({ name: 'suspected', tally }, { do: 'hold-input' }, { do: 'seek-proof' });
}

function suspend(tally: Tally, pending: boolean): Step {
  return to({ name: 'suspended', tally, pending }, { do: 'suspend-ourselves' });
}

/** The child could not begin under its account: the next one gets its work, unless all have been tried. */
function replace(tally: Tally, evidence: Evidence, ending: Ending): Step {
  if (!failed(ending) || tally.rotations > tally.limit) return finish(ending, evidence.threadId);
  return to(
    { name: 'replacing', tally, evidence, ending },
    { do: 'undo-modes' },
    { do: 'choose-target', evidence },
  );
}

/** There is proof: the next account gets the thread, unless all have been tried. */
function choose(tally: Tally, evidence: Evidence): Step {
  return tally.rotations > tally.limit
    ? exhausted(tally, evidence)
    : to({ name: 'choosing', tally, evidence }, { do: 'choose-target', evidence });
}

/** Nobody can take over: the user stays in Codex and knows why. */
function exhausted(tally: Tally, evidence: Evidence): Step {
  return to({ name: 'settling', tally, evidence }, { do: 'settle-exhausted', evidence });
}

function afresh(tally: Tally): Tally {
  return { ...tally, rotations: 0, waits: 0 };
}

function finish(ending: Ending, stranded?: string): Step {
  const flush: Effect = stranded === undefined ? { do: 'flush' } : { do: 'flush', stranded };
  const state: State =
    stranded === undefined ? { name: 'flushing', ending } : { name: 'flushing', ending, stranded };
  return to(state, { do: 'undo-modes' }, flush);
}

/** Somebody who does not want to wait for a terminal that takes nothing. */
function isAnEnd(event: Event): boolean {
  return event.name === 'signalled' || event.name === 'hung-up';
}

function hasAttempts({ attempt }: Named<'resuming'>): boolean {
  return attempt < MAX_ATTEMPTS;
}

function failed(ending: Ending): boolean {
  return ending.kind === 'signalled' || ending.code !== 0;
}

type Named<N extends State['name']> = Extract<State, { name: N }>;

function to(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}

function before(effects: Effect[], step: Step): Step {
  return { state: step.state, effects: [...effects, ...step.effects] };
}

function stay(state: State): Step {
  return { state, effects: [] };
}

function unreachable(state: never): never {
  throw new Error(`unknown session state: ${JSON.stringify(state)}`);
}
