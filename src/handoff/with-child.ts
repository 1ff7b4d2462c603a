import { goOnForAgents } from './agent-refusals.ts';
import { addAgents, tellRefusedAgents } from './agents.ts';
import type { Event, EventOf, Source } from './events.ts';
import { afterChoice } from './exhaustion.ts';
import { actOnProof, goOnInCopy } from './findings.ts';
import { tellUnwantedSpending } from './messages.ts';
import { afterSuccess, hasFailed, mayHandOff } from './session.ts';
import type { Ending, Named, Session, WithSession } from './states.ts';
import {
  chooseWithoutLogin,
  copy,
  finish,
  goOn,
  interrupt,
  keepEnding,
  move,
  noteAnswer,
  prepend,
  run,
  type Step,
  seek,
  stay,
  suspect,
  suspend,
  to,
  withLivingChild,
  withoutChild,
} from './steps.ts';

export function advanceRunning(
  state: Named<'starting' | 'running'>,
  event: Event,
  at: number,
): Step {
  const { session } = state;
  switch (event.name) {
    case 'child-ready':
      return to({ name: 'running', session });
    case 'triggered':
      return suspect(session, event.source);
    case 'login-gone':
      return chooseWithoutLogin(session, at);
    case 'turn-succeeded':
      return to(
        { ...state, session: afterSuccess(session) },
        noteAnswer(event),
        // Not every account is at its limit any more.
        ...(session.exhausted === undefined ? [] : [{ do: 'set-title', note: '' } as const]),
      );
    case 'running-low':
      return moveEarly(state, event);
    case 'spending':
      return tellSpending(state);
    case 'at-rest':
      return goOnForAgents(state, at);
    case 'child-stopped':
      return suspend(session);
    case 'child-ended':
      return afterEnd(session, event, at);
    default:
      return withLivingChild(state, event);
  }
}

export function advanceSuspended(state: Named<'suspended'>, event: Event): Step {
  switch (event.name) {
    case 'child-continued':
      return state.pending ? suspect(state.session, state.pending) : run(state.session);
    case 'triggered':
      return to({ ...state, pending: event.source });
    default:
      return withLivingChild(state, event);
  }
}

export function advanceSuspected(state: Named<'suspected'>, event: Event, at: number): Step {
  const { ending } = state;
  switch (event.name) {
    case 'proved':
      return checkPending(actOnProof(state, event, at), state.pending);
    case 'reasoning-refused':
      return checkPending(goOnInCopy(state, event, at), state.pending);
    case 'not-proved':
      if (ending !== undefined) return afterLastLook(state, ending);
      return checkPending(goOn(state.session), state.pending);
    case 'triggered':
      return stay({ ...state, pending: event.source });
    case 'signalled':
      return relaySignal(state, event);
    case 'child-ended': {
      // The record is read once more, because it may be complete only now.
      const session = keepEnding(state.session, event, at);
      if (!isCommand(state)) break;
      return stay({ ...state, session, ending: event.ending, pending: 'exit' });
    }
    case 'child-stopped':
      return suspend(state.session, state.source);
  }
  return ending === undefined ? withLivingChild(state, event) : withoutChild(state, event);
}

export function advanceChoosing(state: Named<'choosing'>, event: Event, at: number): Step {
  switch (event.name) {
    case 'chosen':
    case 'none-left':
      return checkPending(afterChoice(state, event, at), state.pending);
    case 'triggered':
      return stay({ ...state, pending: event.source });
    case 'signalled':
      if (isCommand(state)) return relaySignal(state, event);
      break;
    case 'child-ended': {
      const session = keepEnding(state.session, event, at);
      if (isCommand(state)) return stay({ ...state, session, ending: event.ending });
      break;
    }
  }
  return state.ending === undefined ? withLivingChild(state, event) : withoutChild(state, event);
}

/**
 * A sign that came while proof was sought, or while an account was chosen, is checked now. The watch of the child tells no other
 * sign until this one has an answer (session/tui/turn-watch.ts).
 */
function checkPending(step: Step, pending: Source | undefined): Step {
  const { state } = step;
  if (pending === undefined) return step;
  switch (state.name) {
    case 'running':
      return prepend(step.effects, suspect(state.session, pending));
    case 'waiting':
      if (state.ending !== undefined) return step;
      return to(state, ...step.effects, seek(state.session, pending));
    case 'choosing':
      return { ...step, state: { ...state, pending } };
    default:
      return step; // the child ends
  }
}

/** A proof still marks the account, so the session waits for the answer. */
function relaySignal(state: Named<'suspected' | 'choosing'>, event: EventOf<'signalled'>): Step {
  if (state.ending !== undefined) return stay(interrupt(state, event));
  if (!isCommand(state)) return withLivingChild(state, event);
  return to(interrupt(state, event), { do: 'signal-child', signal: event.signal });
}

/** The last look at the record of a child that has ended. */
function afterLastLook({ session, pending, ...state }: Named<'suspected'>, ending: Ending): Step {
  if (pending === undefined) return finish(session, ending);
  return to({ ...state, session, source: pending }, seek(session, pending));
}

function isCommand({ session }: WithSession): boolean {
  return !session.rules.isInteractive;
}

export function advanceStopping(state: Named<'stopping'>, event: Event): Step {
  const { session, target } = state;
  switch (event.name) {
    case 'commands-ended': {
      const { names, agents = [] } = event;
      const ended = { endedCommands: names, agents: addAgents(session.agents, agents) };
      return to({ ...state, session: { ...session, ...ended } });
    }
    case 'child-ended': {
      // We end the child of a TUI. The child of a command ends by itself.
      const ending = isCommand(state) ? event.ending : undefined;
      if (ending !== undefined && event.cause !== 'failed') return finish(session, ending);
      return prepend(
        [{ do: 'undo-modes', before: 'successor' }],
        target === undefined ? copy(session, ending) : move(session, target, ending),
      );
    }
    default:
      return withLivingChild(state, event);
  }
}

/** The child has ended by itself. */
export function afterEnd(session: Session, event: EventOf<'child-ended'>, at: number): Step {
  const { ending, cause, hasToldError } = event;
  if (cause === 'needs-login') return replace(session, ending, at, false);
  const ended = keepEnding(session, event, at);
  if (ended.interruption !== undefined && !hasToldError) {
    const line = session.rules.isInteractive ? undefined : tellRefusedAgents(session);
    return finish(session, ending, { lines: line === undefined ? [] : [line] });
  }
  const source = 'exit';
  return to({ name: 'suspected', session: ended, source, ending }, seek(session, source));
}

/** Credits pay although the user forbids it, and no other account can go on. The title says so, and a line at the end. */
function tellSpending(state: Named<'starting' | 'running'>): Step {
  const { session } = state;
  const { summary, note } = tellUnwantedSpending(session.target);
  return to(
    { ...state, session: { ...session, exhausted: { summary, note } } },
    { do: 'log', event: { type: 'notice', message: note } },
    { do: 'set-title', note },
  );
}

/** Between two turns, before the limit: the thread goes on without a prompt. */
function moveEarly(
  state: Named<'starting' | 'running'>,
  { target, room, onCredits }: EventOf<'running-low'>,
): Step {
  const { session } = state;
  if (!mayHandOff(session) || session.thread === undefined) return stay(state);
  return to(
    {
      name: 'stopping',
      target,
      session: {
        ...session,
        cause: { kind: 'low', room, ...(onCredits && { onCredits }) },
        stoppedAt: undefined,
        endedCommands: [],
      },
    },
    { do: 'hold-input' },
    { do: 'stop-child' },
  );
}

/**
 * The child could not begin under its account. The next account gets its work, unless all accounts have been tried.
 * @param isCutOff the child was a successor.
 */
export function replace(session: Session, ending: Ending, at: number, isCutOff: boolean): Step {
  if (!hasFailed(ending) || !mayHandOff(session)) return finish(session, ending, { isCutOff });
  return prepend(
    [{ do: 'undo-modes', before: 'successor' }],
    chooseWithoutLogin(session, at, ending),
  );
}
