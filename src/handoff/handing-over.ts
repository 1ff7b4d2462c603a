import {
  chooseUnasked,
  failed,
  finish,
  replace,
  suspect,
  suspend,
  to,
  withLivingChild,
  withoutChild,
} from './steps.ts';
import type { Event, Named, Step } from './vocabulary.ts';

/** Starts of a resume that meet a still held writer lock are tried this often before the session gives up. */
export const MAX_ATTEMPTS = 6;

export function advanceStopping(state: Named<'stopping'>, event: Event): Step {
  switch (event.name) {
    case 'child-ended':
      return to(
        { ...state, name: 'rotating' },
        { do: 'undo-modes', before: 'successor' },
        { do: 'repoint', target: state.target, evidence: state.evidence },
      );
    default:
      return withLivingChild(state, event);
  }
}

export function advanceReplacing(state: Named<'replacing'>, event: Event): Step {
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

export function advanceRotating(state: Named<'rotating'>, event: Event): Step {
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

export function advanceLeaving(state: Named<'leaving'>, event: Event): Step {
  switch (event.name) {
    case 'child-ended':
      return to(
        { ...state, name: 'copying' },
        { do: 'undo-modes', before: 'successor' },
        { do: 'copy-thread', evidence: state.evidence },
      );
    default:
      return withLivingChild(state, event);
  }
}

export function advanceCopying(state: Named<'copying'>, event: Event): Step {
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

export function advanceResuming(state: Named<'resuming'>, event: Event): Step {
  switch (event.name) {
    case 'child-ready':
      return to({ name: 'running', tally: state.tally }, { do: 'release-input' });
    case 'triggered':
      // The successor can meet its own limit before it has drawn a frame.
      return suspect(state.tally);
    case 'login-gone':
      return chooseUnasked(state.tally, state.evidence);
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
          { do: 'undo-modes', before: 'successor' },
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

export function advanceRetrying(state: Named<'retrying'>, event: Event): Step {
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

function hasAttempts({ attempt }: Named<'resuming'>): boolean {
  return attempt < MAX_ATTEMPTS;
}
