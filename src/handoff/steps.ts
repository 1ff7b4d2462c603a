import type { LimitProof } from '../codex/limit-proof.ts';
import type { Effect } from './effects.ts';
import type { Event, EventOf, Source } from './events.ts';
import { tellAccounts, tellResumeByHand } from './messages.ts';
import { isWorkIdle, nameAccount, promptOf } from './session.ts';
import type { Ending, Session, State, WithSession } from './states.ts';

export interface Step {
  state: State;
  effects: readonly Effect[];
}

export const FAILED: Ending = { kind: 'exited', code: 1 };

export function to(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}

export function stay(state: State): Step {
  return { state, effects: [] };
}

export function prepend(effects: readonly Effect[], step: Step): Step {
  return { state: step.state, effects: [...effects, ...step.effects] };
}

/** The child goes on, and keys go to it. */
export function run(session: Session): Step {
  return to({ name: 'running', session }, { do: 'release-input' });
}

/** No handoff follows, and the child lives. The client of a command gets the lines of the failure. */
export function goOn(session: Session): Step {
  const release: Effect[] = session.rules.isInteractive ? [] : [{ do: 'release-output' }];
  return prepend(release, run(session));
}

/** Keys wait, and proof is sought. */
export function suspect(session: Session, source: Source): Step {
  return to({ name: 'suspected', session, source }, { do: 'hold-input' }, seek(session, source));
}

export function suspend(session: Session, pending?: Source): Step {
  return to(
    { name: 'suspended', session, ...(pending && { pending }) },
    { do: 'suspend-ourselves' },
  );
}

/** A turn was answered, so the account is not at its limit any more. */
export function noteAnswer({ beganAt }: EventOf<'turn-succeeded'>): Effect {
  return { do: 'note-answer', beganAt };
}

export function seek({ thread }: Session, source: Source): Effect {
  return { do: 'seek-proof', source, directory: thread?.cwd };
}

/** The child of a command ends by itself after a failed turn. Codex then still writes its files (`-o`), and runs its hooks. */
export function stopChild({ rules }: Session): Effect[] {
  return rules.isInteractive ? [{ do: 'stop-child' }] : [];
}

/** There is proof: the account is marked, and the next account is chosen. @param ending of a child that has ended. */
export function choose(session: Session, proof: LimitProof, ending?: Ending): Step {
  return to(
    { name: 'choosing', session, ...(ending && { ending }) },
    { do: 'choose', proof, directory: session.thread?.cwd },
  );
}

/** The child cannot work, because the login of its account is gone. @param at epoch milliseconds. */
export function chooseWithoutLogin(before: Session, at: number, ending?: Ending): Step {
  const proof: LimitProof = { kind: 'needs-login', turnId: 'none' };
  const session: Session = {
    ...before,
    cause: { kind: 'limit', proof, isIdle: isWorkIdle(before) },
    stoppedAt: before.stoppedAt ?? at,
    endedCommands: [],
  };
  return prepend([{ do: 'hold-input' }], choose(session, proof, ending));
}

/** No child lives: the target's login goes into the overlay. */
export function move(session: Session, target: string, ending?: Ending): Step {
  const { thread } = session;
  return to(
    { name: 'moving', session, target, ...(ending && { ending }) },
    { do: 'move', target, thread, prompt: promptOf(session) },
  );
}

/** No child lives: the thread is copied without the parts that the account may not read. */
export function copy(session: Session, ending?: Ending): Step {
  const { thread } = session;
  if (thread === undefined) return finish(session, ending ?? FAILED);
  return to(
    { name: 'copying', session, ...(ending && { ending }) },
    { do: 'copy', thread, prompt: nameAccount(promptOf(session), session.target) },
  );
}

/**
 * The end of the session. The user is told the accounts of the session after a handoff, and that every account is at its limit, or how to go on by hand.
 * @param how.isCutOff a handoff has failed.
 * @param how.lines for stderr, before that.
 */
export function finish(
  session: Session,
  ending: Ending,
  { isCutOff = false, lines = [] }: { isCutOff?: boolean; lines?: readonly string[] } = {},
): Step {
  const { left, target, rules } = session;
  // A command has told each handoff on stderr, and nothing has covered that. After a failed handoff the last account has not run.
  const isTold = left.length > 0 && rules.isInteractive && !isCutOff;
  const accounts = isTold ? [tellAccounts(left, target)] : [];
  const byHand = isCutOff && session.thread ? tellResumeByHand(session.thread.id) : undefined;
  const last = byHand ?? session.exhausted?.summary;
  return to(
    {
      ...{ name: 'flushing', ending },
      lines: [...lines, ...accounts, ...(last === undefined ? [] : [last])],
    },
    { do: 'undo-modes', before: 'end' },
    { do: 'flush' },
  );
}

/** Every state with a living child relays signals, follows a hang-up, and ends with the child. */
export function withLivingChild(state: WithSession, event: Event): Step {
  switch (event.name) {
    case 'signalled':
      return abandonHandoff(interrupt(state, event), { do: 'signal-child', signal: event.signal });
    case 'hung-up':
      return abandonHandoff(state, { do: 'hang-up-child' });
    case 'stop-overdue':
      return to(state, { do: 'kill-child' });
    case 'child-ended':
      return finish(state.session, event.ending);
    case 'child-stopped':
      // A handoff is under way, so the child is to end anyway.
      return to(state, { do: 'kill-child' });
    default:
      return stay(state);
  }
}

/** Between two children a deadly signal or a closed terminal ends the session. The thread can be resumed by hand. */
export function withoutChild(state: WithSession, event: Event): Step {
  const { session } = state;
  const isCutOff = session.rules.isInteractive;
  switch (event.name) {
    case 'signalled': {
      const { signal, number } = event;
      return finish(session, { kind: 'signalled', signal, number }, { isCutOff });
    }
    case 'hung-up':
      return finish(session, { kind: 'signalled', signal: 'SIGHUP', number: 1 }, { isCutOff });
    default:
      return stay(state);
  }
}

/**
 * The child of a command has ended before it was decided how the session goes on. A refusal marks the account, whatever has
 * ended the child. But only a child that has failed by itself has a successor.
 */
export function keepEnding(
  session: Session,
  { ending, cause }: EventOf<'child-ended'>,
  at: number,
): Session {
  const isFailed = cause === 'failed' && session.interruption === undefined;
  return { ...session, stoppedAt: at, ...(isFailed ? {} : { interruption: ending }) };
}

/** After a signal a command has no successor. A TUI that survives a signal is still in use, so its session goes on. */
export function interrupt<S extends WithSession>(
  state: S,
  { signal, number }: EventOf<'signalled'>,
): S {
  if (state.session.rules.isInteractive) return state;
  const interruption: Ending = { kind: 'signalled', signal, number };
  return { ...state, session: { ...state.session, interruption } };
}

/** A signal or a hang-up ends the session. A successor would begin a turn under another account. */
function abandonHandoff(state: WithSession, effect: Effect): Step {
  switch (state.name) {
    case 'suspected':
    case 'choosing':
    case 'stopping':
    case 'resuming':
      return to({ name: 'running', session: state.session }, { do: 'release-input' }, effect);
    default:
      return to(state, effect);
  }
}
