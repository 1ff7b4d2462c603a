import { noteRefusal } from './agent-refusals.ts';
import type { ChildPlan, Effect } from './effects.ts';
import type { Event } from './events.ts';
import { advanceWaiting } from './exhaustion.ts';
import { tellStart } from './messages.ts';
import { advanceResuming } from './resuming.ts';
import { nameThread, newSession } from './session.ts';
import type { Named, Rules, State, WithSession } from './states.ts';
import { prepend, type Step, stay, to } from './steps.ts';
import {
  advanceChoosing,
  advanceRunning,
  advanceStopping,
  advanceSuspected,
  advanceSuspended,
} from './with-child.ts';
import { advanceCopying, advanceMoving, advanceRetrying, advanceStaying } from './without-child.ts';

/**
 * A session as a pure reducer: a state and an event give the next state and effects. It makes every decision of a handoff.
 * It knows no process, terminal, file or clock. `perform.ts` interprets its effects. The three drivers (session/tui,
 * session/exec, session/app-server) carry out the effects on their child. test/unit/handoff/machine.test.ts holds these
 * properties on every path: the terminal is restored exactly once, at most one child lives, no handoff begins without proof,
 * every chain of handoffs is bounded, a thread is copied at most once for an account, held input is released or dropped with
 * the session.
 */

/**
 * @param target the account that the first child runs under.
 * @param atLimit why the account cannot work now: for the title, and for stderr at the end, until a turn succeeds.
 */
export function beginSession(
  rules: Rules,
  target: string,
  plan: ChildPlan,
  atLimit?: string,
): Step {
  const session = newSession(rules, target);
  const start: Effect = { do: 'start', plan, how: 'first' };
  if (atLimit === undefined) return to({ name: 'starting', session }, start);
  const exhausted = { summary: tellStart(atLimit), note: atLimit };
  return to(
    { name: 'starting', session: { ...session, exhausted } },
    ...[start, { do: 'set-title', note: atLimit, alert: exhausted.summary } as const],
  );
}

/** One step of a session. Events that mean nothing in a state leave it as it is. @param at epoch milliseconds. */
export function advance(state: State, event: Event, at: number): Step {
  switch (state.name) {
    case 'flushing':
      return event.name === 'flushed' || isAnEnd(event)
        ? to({ ...state, name: 'restoring' }, { do: 'restore-terminal' })
        : stay(state);
    case 'restoring': {
      const { ending, lines } = state;
      return event.name === 'restored'
        ? to({ name: 'ended', ending }, { do: 'exit', ending, lines })
        : stay(state);
    }
    case 'ended':
      return stay(state);
    default:
      return prepend(
        logSign(state, event),
        observe(state, event, at) ?? advanceSession(state, event, at),
      );
  }
}

function advanceSession(state: WithSession, event: Event, at: number): Step {
  const advanceState: Advance<never> = ADVANCE[state.name];
  return (advanceState as Advance<WithSession>)(state, event, at);
}

type Advance<S> = (state: S, event: Event, at: number) => Step;

const ADVANCE: { [Name in WithSession['name']]: Advance<Named<Name>> } = {
  starting: advanceRunning,
  running: advanceRunning,
  suspended: advanceSuspended,
  suspected: advanceSuspected,
  choosing: advanceChoosing,
  waiting: advanceWaiting,
  stopping: advanceStopping,
  moving: advanceMoving,
  staying: advanceStaying,
  copying: advanceCopying,
  resuming: advanceResuming,
  retrying: advanceRetrying,
};

/** A new thread or a new turn means the same in every state. @returns undefined for all other events. */
function observe(state: WithSession, event: Event, at: number): Step | undefined {
  const { session } = state;
  const { target } = session;
  switch (event.name) {
    case 'bound': {
      const { thread } = event;
      const copyOf = session.originals[thread.id];
      // A handoff that has begun goes on with the thread of its proof.
      const isChosen = state.name === 'choosing' || state.name === 'stopping';
      const opened = isChosen ? state : withSession(state, { thread });
      const log: Effect = { do: 'log', event: { type: 'bound', thread: thread.id, target } };
      const record: Effect = { do: 'record-thread', thread, copyOf };
      // A command opens its thread for a turn.
      const begun = session.rules.isInteractive ? stay(opened) : beginTurn(opened, at);
      return { state: begun.state, effects: [log, ...begun.effects, record] };
    }
    case 'turn-began':
      return beginTurn(state, at);
    case 'agent-refused':
      return noteRefusal(state, event);
    default:
      return undefined;
  }
}

/** The first turn of a successor: the log says how long the work has stood still. */
function beginTurn(state: WithSession, at: number): Step {
  const { target, stoppedAt } = state.session;
  if (stoppedAt === undefined) return stay(state);
  const milliseconds = Math.max(0, at - stoppedAt);
  const event = { type: 'resumed', target, milliseconds, ...nameThread(state.session) } as const;
  return to(withSession(state, { stoppedAt: undefined }), { do: 'log', event });
}

/** The log of a sign of a limit, and of a sign without proof. */
function logSign(state: WithSession, event: Event): Effect[] {
  switch (event.name) {
    case 'triggered': {
      // A command that fails for another reason leaves nothing in the log.
      const { source } = event;
      return source === 'event' ? [] : [{ do: 'log', event: { type: 'suspected', source } }];
    }
    case 'unconfirmed':
      return [{ do: 'log', event: { type: 'unconfirmed', source: event.source } }];
    case 'not-proved': {
      const { source } = event;
      // A stopped session asks for proof again after `fg`.
      if (source === undefined || state.name === 'suspended') return [];
      return [{ do: 'log', event: { type: 'unconfirmed', source } }];
    }
    default:
      return [];
  }
}

function withSession(state: WithSession, change: Partial<WithSession['session']>): WithSession {
  return { ...state, session: { ...state.session, ...change } };
}

/** A signal or a hang-up does not wait for a terminal that takes nothing. */
function isAnEnd(event: Event): boolean {
  return event.name === 'signalled' || event.name === 'hung-up';
}
