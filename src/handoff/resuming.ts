import type { Event, EventOf } from './events.ts';
import { hasFailed, nameThread } from './session.ts';
import type { Named } from './states.ts';
import {
  chooseWithoutLogin,
  FAILED,
  finish,
  run,
  type Step,
  suspect,
  suspend,
  to,
  withLivingChild,
} from './steps.ts';
import { afterEnd, replace } from './with-child.ts';

/** The session gives up after so many starts that met a held writer lock. */
export const MAX_ATTEMPTS = 6;

export function advanceResuming(state: Named<'resuming'>, event: Event, at: number): Step {
  const { session } = state;
  switch (event.name) {
    case 'child-ready':
      return run(session);
    case 'start-failed': {
      const lines = [`codex-hotswap: codex could not be started again (${event.reason})`];
      return finish(session, state.ending ?? FAILED, { isCutOff: true, lines });
    }
    case 'triggered':
      // The successor can meet its own limit before it has drawn a frame.
      return suspect(session, event.source);
    case 'login-gone':
      return chooseWithoutLogin(session, at);
    case 'unsettled':
      // The successor may ask a question that the user must be able to answer. A refusal may still come.
      return to(state, { do: 'release-input' });
    case 'refused':
      // After the last attempt Codex's own question is left to the user.
      return hasAttempts(state) ? to(state, { do: 'kill-child' }) : run(session);
    case 'child-stopped':
      return suspend(session);
    case 'child-ended':
      return afterEarlyEnd(state, event, at);
    default:
      return withLivingChild(state, event);
  }
}

/** The successor has ended before keys could go to it. */
function afterEarlyEnd(state: Named<'resuming'>, event: EventOf<'child-ended'>, at: number): Step {
  const { session, attempt, start } = state;
  const { ending, cause } = event;
  if (cause === 'active-writer' && hasFailed(ending) && hasAttempts(state)) {
    const reason = 'active-writer';
    return to(
      { name: 'retrying', session, start, attempt },
      { do: 'hold-input' },
      { do: 'undo-modes', before: 'successor' },
      { do: 'log', event: { type: 'retry', reason, attempt, ...nameThread(session) } },
      { do: 'schedule-retry', attempt },
    );
  }
  if (cause === 'needs-login') return replace(session, ending, at, true);
  if (cause === 'failed') return afterEnd(session, event, at);
  return finish(session, ending, { isCutOff: hasFailed(ending) });
}

function hasAttempts({ attempt }: Named<'resuming'>): boolean {
  return attempt < MAX_ATTEMPTS;
}
