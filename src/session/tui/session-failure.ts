import { describeError } from '../../errors.ts';
import { tellAccounts, tellResumeByHand } from '../../handoff/messages.ts';
import { STOP_MS } from '../../handoff/perform.ts';
import { isInHandoff, sessionOf, threadInHandoff } from '../../handoff/session.ts';
import type { Ending, State } from '../../handoff/states.ts';
import { FAILED } from '../../handoff/steps.ts';
import { flushTerminal, suspendJob } from './job-control.ts';
import type { SupervisedChild } from './supervised-child.ts';
import type { EventHandlers, TuiSession } from './tui-session.ts';

/**
 * After an error of ours the child lives on, and events go straight to the child or the terminal. No limit moves the session
 * any more. The user learns of the error after the terminal is restored.
 */
export function failSession(error: unknown, session: TuiSession): void {
  const { parts, handoffs, gate, observed } = session;
  if (session.isBroken) return;
  if (observed === undefined) throw error;
  session.isBroken = true;
  const bug = describeError(error, parts.report).text;
  const state = handoffs.state();
  session.handlers = passThrough(observed.child, [...tellUnfinished(state), bug], session);
  session.stopObserving();
  if (observed.ending !== undefined) {
    // In a handoff we have stopped the child, and the handoff has failed.
    return session.handlers.ended(isInHandoff(state) ? FAILED : observed.ending);
  }
  try {
    gate.release();
  } catch {
    // The held keys are lost with the gate.
  }
}

/** @param lines for stderr at the end. */
function passThrough(child: SupervisedChild, lines: string[], session: TuiSession): EventHandlers {
  return {
    input: child.deliver,
    signalled: child.signal,
    hungUp() {
      child.signal('SIGHUP');
      setTimeout(() => child.signal('SIGKILL'), STOP_MS).unref();
    },
    stopped: () => void suspendJob(session),
    continued: () => undefined,
    ended(ending) {
      session.output.write(child.undoModes('end') + session.title.clear());
      void finish(ending, lines, session);
    },
  };
}

async function finish(ending: Ending, lines: string[], session: TuiSession): Promise<void> {
  await flushTerminal(session).catch(() => undefined);
  session.parts.terminal.restore();
  session.finish(ending, lines);
}

function tellUnfinished(state: State): string[] {
  const { left = [], target = '', exhausted } = sessionOf(state) ?? {};
  const thread = threadInHandoff(state);
  if (thread !== undefined) return [tellResumeByHand(thread)];
  const accounts = left.length > 0 ? [tellAccounts(left, target)] : [];
  return exhausted === undefined ? accounts : [...accounts, exhausted.summary];
}
