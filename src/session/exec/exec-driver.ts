import { mayHaveStartedSince } from '../../codex/rollout-dates.ts';
import { parseThreadId } from '../../codex/thread-files.ts';
import type { Driver } from '../../handoff/driver.ts';
import type { StartEffect } from '../../handoff/effects.ts';
import type { Finding } from '../../handoff/events.ts';
import type { Ending } from '../../handoff/states.ts';
import { catchErrors } from '../catch-errors.ts';
import { findAgentRefusals } from './exec-agents.ts';
import { startExecChild } from './exec-child.ts';
import type { ExecSession, StartedChild } from './exec-session.ts';
import { findCause, findCauseEarly } from './find-cause.ts';
import { ignoringHangup } from './ignore-hangup.ts';

/** Codex's exit status for a failed turn (fact 89). Its status for wrong usage is 2. */
const FAILED_TURN = 1;

/** Carries out the effects of a handoff on the child of a `codex exec`. There is no terminal, and no key to hold. */
export function createExecDriver(session: ExecSession): Driver {
  const { parts } = session;
  const nothing = () => undefined;
  return {
    perform(effect) {
      switch (effect.do) {
        case 'start':
          return startChild(effect, session);
        case 'release-output':
          return parts.output?.release();
        case 'tell':
          return effect.isUrgent ? parts.announce(effect.line) : parts.say(effect.line);
        case 'exit':
          return session.finish(effect.ending, effect.lines);
      }
    },
    // A record that cannot be read proves nothing.
    seekProof: (source) =>
      (source === 'event' ? findCauseEarly(session) : findCause(session)).catch(
        (): Finding => ({ name: 'not-proved' }),
      ),
    planResume: parts.resumePlan,
    // The command may have read its stdin.
    planAgain: async () => (parts.input.repeatable ? parts.againPlan() : undefined),
    stopChild: () => ({ names: [], agents: [] }),
    signalChild: (signal) => session.started?.child.signal(signal),
    keepUnsentInput: nothing,
    onNextKey: nothing,
    flush: async () => parts.output?.flush(),
  };
}

function startChild(start: StartEffect, session: ExecSession): void {
  const { parts, handoffs } = session;
  const startedAt = Date.now();
  const expected = start.thread?.id ?? parts.requestedThread;
  const child = startExecChild(
    parts.ignoresHangup ? ignoringHangup(start.plan) : start.plan,
    { input: parts.input[start.how], output: parts.output },
    {
      started: catchErrors(session, (pid) => {
        // No key is held for a command.
        handoffs.dispatch({ name: 'child-ready' });
        parts.recordChild(pid);
        parts.lifeLine?.hold(pid);
      }),
      bound: catchErrors(session, ({ threadId, rollout }) => {
        if (session.bug !== undefined) return parts.recordThread({ id: threadId, rollout });
        handoffs.dispatch({ name: 'bound', thread: { id: threadId, rollout } });
      }),
      turnFailed: catchErrors(session, () => {
        if (session.bug === undefined) handoffs.dispatch({ name: 'triggered', source: 'event' });
      }),
    },
    (rollout) => canBeOf(rollout, expected, startedAt),
  );
  const started: StartedChild = { child, start, startedAt, unseen: 'none', ending: undefined };
  session.started = started;
  child.ended.then(
    (ending) => void reportEnd(ending, started, session).catch(session.fail),
    (error: Error) => reportFailure(error, start, session),
  );
}

async function reportEnd(
  ending: Ending,
  started: StartedChild,
  session: ExecSession,
): Promise<void> {
  const { parts, handoffs, bug } = session;
  started.ending = ending;
  if (bug !== undefined) return session.finish(ending, [bug]);
  const hasFailed = ending.kind === 'exited' && ending.code === FAILED_TURN;
  // A child without a thread that has lost its link has logged its account out. It would log out the next account, too.
  const isLoggedOut = () => started.child.thread() === undefined && parts.accounts.hasLostLink();
  const cause = hasFailed && !isLoggedOut() ? 'failed' : undefined;
  // A thread that is not on record has no account: it could be resumed under any, whatever the rules say.
  if (cause !== undefined || !hasFailed) await noteUnseenThread(session, started);
  if (ending.kind === 'exited' && ending.code === 0) {
    handoffs.dispatch({ name: 'turn-succeeded', beganAt: started.startedAt });
  }
  for (const refusal of await findAgentRefusals(started, parts.sharedHome).catch(() => [])) {
    handoffs.dispatch({ name: 'agent-refused', ...refusal });
  }
  handoffs.dispatch({
    ...{ name: 'child-ended', ending, ...(cause && { cause }) },
    ...(parts.output?.holdsError() && { hasToldError: true }),
  });
}

/** A command may take less time than a search for its thread (fact 91) on a busy machine: it is searched at the end, too. */
async function noteUnseenThread(session: ExecSession, started: StartedChild): Promise<void> {
  const { child, start, startedAt } = started;
  if (child.thread() !== undefined || start.thread !== undefined) return;
  const found = await session.parts.searchThread(startedAt).catch(() => 'unknown' as const);
  started.unseen = found;
  if (typeof found === 'string') return;
  const thread = { id: found.threadId, rollout: found.rollout };
  session.handoffs.dispatch({ name: 'bound', thread });
}

function reportFailure(error: Error, { how }: StartEffect, session: ExecSession): void {
  if (how === 'first') session.giveUp(error);
  else session.handoffs.dispatch({ name: 'start-failed', reason: error.message });
}

function canBeOf(rollout: string, expected: string | undefined, startedAtMs: number): boolean {
  if (expected === undefined) return true;
  if (expected !== 'new') return parseThreadId(rollout) === expected;
  return mayHaveStartedSince(rollout, startedAtMs);
}
