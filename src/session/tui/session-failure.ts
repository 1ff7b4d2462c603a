import { describeError } from '../../errors.ts';
import { tellResumeByHand } from '../../handoff/messages.ts';
import { isInHandoff, threadInHandoff } from '../../handoff/session.ts';
import type { Ending, State } from '../../handoff/states.ts';
import { FAILED } from '../../handoff/steps.ts';
import { flushTerminal, suspendJob } from './job-control.ts';
import { passThrough } from './pass-through.ts';
import type { TuiSession } from './tui-session.ts';

/**
 * After an error of ours the child lives on as if nothing stood between it and the terminal. The user learns of the error
 * when the terminal is theirs again.
 */
export function failSession(error: unknown, session: TuiSession): void {
  const { parts, handoffs, gate, observed } = session;
  if (session.isBroken) return;
  if (observed === undefined) throw error;
  session.isBroken = true;
  const bug = describeError(error, parts.report).text;
  const state = handoffs.state();
  session.handlers = passThrough({
    terminal: parts.terminal,
    child: observed.child,
    suspend: () => void suspendJob(session),
    finish: (ending) => void finish(ending, [...listLastWords(state), bug], session),
  });
  session.stopLooking();
  if (observed.ending !== undefined) {
    // In a handoff we have ended the child ourselves, and the handoff has failed.
    return session.handlers.ended(isInHandoff(state) ? FAILED : observed.ending);
  }
  try {
    gate.release();
  } catch {
    // The held keys are lost with the gate.
  }
}

async function finish(ending: Ending, lines: string[], session: TuiSession): Promise<void> {
  await flushTerminal(session).catch(() => undefined);
  session.parts.terminal.restore();
  session.finish(ending, lines);
}

function listLastWords(state: State): string[] {
  const thread = threadInHandoff(state);
  if (thread !== undefined) return [tellResumeByHand(thread)];
  const exhausted = 'session' in state ? state.session.exhausted : undefined;
  return exhausted === undefined ? [] : [exhausted.summary];
}
