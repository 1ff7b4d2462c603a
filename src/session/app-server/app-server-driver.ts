import { setTimeout as pause } from 'node:timers/promises';
import { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { Driver } from '../../handoff/driver.ts';
import type { StartEffect } from '../../handoff/effects.ts';
import type { Finding } from '../../handoff/events.ts';
import { toPlainText } from '../../plain-text.ts';
import { catchErrors } from '../catch-errors.ts';
import { ignoringHangup } from '../exec/ignore-hangup.ts';
import type { AppServerSession, StartedServer } from './app-server-session.ts';
import { findProof } from './find-proof.ts';
import { LAST_BYTES_MS, startServerChild } from './server-child.ts';

/** Carries out the effects of a handoff on the child of a `codex app-server`. Its client is a program. */
export function createAppServerDriver(session: AppServerSession): Driver {
  const { parts } = session;
  const nothing = () => undefined;

  function tell(line: string): void {
    parts.say(line);
    session.relay.warn(toPlainText(line));
  }

  return {
    perform(effect) {
      switch (effect.do) {
        case 'start':
          return startServer(effect, session);
        case 'release-input':
          return release(session);
        case 'tell':
          return tell(effect.line);
        case 'set-title':
          if (effect.alert !== undefined) tell(effect.alert);
          // The end of a wait changes the title, and releases nothing else: keys are not held in a wait.
          return release(session);
        case 'exit':
          return session.finish(effect.ending, effect.lines);
      }
    },
    seekProof: () => findProof(session).catch((): Finding => ({ name: 'not-proved' })),
    planResume: (thread) => parts.nextPlan(thread.cwd),
    planAgain: () => parts.nextPlan(undefined),
    stopChild() {
      const { pid } = session.started?.child ?? {};
      const names = pid === undefined ? [] : listBackgroundCommands(pid);
      session.relay.serverEnds();
      endWhenIdle(session);
      return { names, agents: [] };
    },
    signalChild: (signal) => session.started?.child.signal(signal),
    keepUnsentInput: nothing,
    onNextKey(listener) {
      session.onInterrupt = listener;
    },
    flush() {
      // The session ends between two servers: the client gets what the last one has told.
      session.relay.deliverHeld();
      const taken = session.streams.flush();
      return session.isSignalled ? Promise.race([taken, pause(LAST_BYTES_MS)]) : taken;
    },
  };
}

/** While the session waits for an account, or looks at another failure, the end of the failed turn is still held. */
function release({ handoffs, relay }: AppServerSession): void {
  const { name } = handoffs.state();
  if (name !== 'waiting' && name !== 'suspected') relay.deliverHeld();
}

/**
 * The turns of other threads go on until they end, or until the core's patience does (`stop-overdue`). A server whose input ends
 * completes a running token refresh, and ends within 40 ms (fact 96).
 */
export function endWhenIdle({ relay, started, handoffs }: AppServerSession): void {
  if (handoffs.state().name !== 'stopping' || relay.hasRunningTurn()) return;
  relay.closeServer();
  started?.child.input.end();
}

function startServer(start: StartEffect, session: AppServerSession): void {
  const { parts, handoffs } = session;
  const plan = parts.ignoresHangup ? ignoringHangup(start.plan) : start.plan;
  const child = startServerChild(plan, () => !session.isSignalled);
  const started: StartedServer = { child, start, startedAt: Date.now(), ending: undefined };
  session.started = started;
  const begin = async () => {
    await child.spawned;
    session.streams.connect(child);
    if (child.pid !== undefined) parts.recordChild(child.pid);
    if (start.how === 'first') handoffs.dispatch({ name: 'child-ready' });
    else await openThreads(start, started, session);
  };
  begin().catch(session.fail);
  child.ended.then(
    catchErrors(session, (ending) => session.ended(started, ending)),
    catchErrors(session, (error: Error) => {
      if (start.how === 'first') session.giveUp(error);
      else handoffs.dispatch({ name: 'start-failed', reason: error.message });
    }),
  );
}

/** The successor gets the client's threads, and goes on with the turns that failed. */
async function openThreads(
  { thread, goOnWith }: StartEffect,
  started: StartedServer,
  session: AppServerSession,
): Promise<void> {
  const { relay, handoffs, parts } = session;
  if (thread?.copyOf !== undefined) {
    const original = relay.threads().find(({ id }) => id === thread.copyOf);
    if (original !== undefined) relay.renameThread(original, thread.id);
  }
  if (session.streams.isClientGone()) return;
  const { refusal } = await relay.openSuccessor({
    goesOn: goOnWith !== undefined,
    prompt: parts.prompt,
  });
  if (session.started !== started || started.ending !== undefined) return;
  if (refusal !== undefined) parts.log({ type: 'notice', message: refusal });
  handoffs.dispatch({ name: 'child-ready' });
}
