import {
  advanceCopying,
  advanceLeaving,
  advanceReplacing,
  advanceResuming,
  advanceRetrying,
  advanceRotating,
  advanceStopping,
} from './handing-over.ts';
import { stay, to } from './steps.ts';
import type { Event, State, Step } from './vocabulary.ts';
import {
  advanceChoosing,
  advanceRunning,
  advanceSettling,
  advanceSuspected,
  advanceSuspended,
  advanceWaiting,
} from './with-child.ts';

/**
 * The session as a pure reducer: what has happened → what to do. It knows no process, no terminal, no file and no
 * clock; `run.ts` is the one interpreter of its effects. Properties held by test/unit/session/machine.test.ts:
 * the terminal is restored exactly once on every path, at most one child lives, nothing rotates without proof,
 * every chain of rotations is bounded, a thread is copied at most once for an account, held input is always released or
 * dropped with the session.
 */

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

/** Somebody who does not want to wait for a terminal that takes nothing. */
function isAnEnd(event: Event): boolean {
  return event.name === 'signalled' || event.name === 'hung-up';
}

function unreachable(state: never): never {
  throw new Error(`unknown session state: ${JSON.stringify(state)}`);
}
