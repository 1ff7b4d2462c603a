import type { Effect, Ending, Event, Evidence, Named, State, Step, Tally } from './vocabulary.ts';

/** What every state with a living child does alike: relay signals, follow a hang-up, end with the child. */
export function withLivingChild(state: State, event: Event): Step {
  switch (event.name) {
    case 'signalled':
      return abandonHandoff(state, { do: 'signal-child', signal: event.signal });
    case 'hung-up':
      return abandonHandoff(state, { do: 'hang-up-child' });
    case 'stop-overdue':
      return to(state, { do: 'kill-child' });
    case 'child-ended':
      return finish(event.ending);
    case 'child-stopped':
      // Stopped in the middle of a handoff: nothing to wait for, the child is to end anyway.
      return to(state, { do: 'kill-child' });
    default:
      return stay(state);
  }
}

/** Whoever ends the session does not want a successor, which would begin a turn under another account. */
function abandonHandoff(state: State, effect: Effect): Step {
  switch (state.name) {
    case 'suspected':
    case 'choosing':
    case 'stopping':
    case 'leaving':
    case 'resuming':
      return to({ name: 'running', tally: state.tally }, { do: 'release-input' }, effect);
    default:
      return to(state, effect);
  }
}

/** Between two children a deadly signal or a closed terminal ends the session; the thread can be resumed by hand. */
export function withoutChild(
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

export function suspect(tally: Tally): Step {
  return to({ name: 'suspected', tally }, { do: 'hold-input' }, { do: 'seek-proof' });
}

export function suspend(tally: Tally, pending: boolean): Step {
  return to({ name: 'suspended', tally, pending }, { do: 'suspend-ourselves' });
}

/** The child could not begin under its account: the next one gets its work, unless all have been tried. */
export function replace(tally: Tally, evidence: Evidence, ending: Ending): Step {
  if (!failed(ending) || tally.rotations > tally.limit) return finish(ending, evidence.threadId);
  return to(
    { name: 'replacing', tally, evidence, ending },
    { do: 'hold-input' },
    { do: 'undo-modes', before: 'successor' },
    { do: 'choose-target', evidence },
  );
}

/** There is proof: the next account gets the thread, unless all have been tried. */
export function choose(tally: Tally, evidence: Evidence): Step {
  return tally.rotations > tally.limit
    ? exhausted(tally, evidence)
    : to({ name: 'choosing', tally, evidence }, { do: 'choose-target', evidence });
}

/** The same while keys still go to the child. */
export function chooseUnasked(tally: Tally, evidence: Evidence): Step {
  return before([{ do: 'hold-input' }], choose(tally, evidence));
}

/** Nobody can take over: the user stays in Codex and knows why. */
export function exhausted(tally: Tally, evidence: Evidence): Step {
  return to({ name: 'settling', tally, evidence }, { do: 'settle-exhausted', evidence });
}

export function finish(ending: Ending, stranded?: string): Step {
  const flush: Effect = stranded === undefined ? { do: 'flush' } : { do: 'flush', stranded };
  const state: State =
    stranded === undefined ? { name: 'flushing', ending } : { name: 'flushing', ending, stranded };
  return to(state, { do: 'undo-modes', before: 'end' }, flush);
}

export function failed(ending: Ending): boolean {
  return ending.kind === 'signalled' || ending.code !== 0;
}

export function to(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}

export function before(effects: Effect[], step: Step): Step {
  return { state: step.state, effects: [...effects, ...step.effects] };
}

export function stay(state: State): Step {
  return { state, effects: [] };
}
