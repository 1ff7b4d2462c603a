import {
  before,
  choose,
  chooseUnasked,
  exhausted,
  finish,
  replace,
  stay,
  suspect,
  suspend,
  to,
  withLivingChild,
} from './steps.ts';
import type { Effect, Event, Named, State, Step, Tally } from './vocabulary.ts';

/** Accounts that came back are gone on with this often, as long as not one turn succeeds. */
export const MAX_WAITS = 3;

type Running = Extract<State, { name: 'starting' | 'running' }>;

export function advanceRunning(state: Running, event: Event): Step {
  switch (event.name) {
    case 'child-ready':
      return to({ name: 'running', tally: state.tally });
    case 'triggered':
      return suspect(state.tally);
    case 'login-gone':
      return chooseUnasked(state.tally, {});
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

export function advanceSuspended(state: Named<'suspended'>, event: Event): Step {
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

export function advanceSuspected(state: Named<'suspected'>, event: Event): Step {
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

export function advanceChoosing(state: Named<'choosing'>, event: Event): Step {
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

export function advanceSettling(state: Named<'settling'>, event: Event): Step {
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

export function advanceWaiting(state: Named<'waiting'>, event: Event): Step {
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

function afresh(tally: Tally): Tally {
  return { ...tally, rotations: 0, waits: 0 };
}
