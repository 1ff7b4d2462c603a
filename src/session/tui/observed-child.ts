import { findRefusal } from '../../handoff/agents.ts';
import type { StartEffect } from '../../handoff/effects.ts';
import { isFree, sessionOf } from '../../handoff/session.ts';
import type { Ending } from '../../handoff/states.ts';
import { retryNow } from '../../state/deferred-writes.ts';
import { catchErrors } from '../catch-errors.ts';
import { createRestWaiter } from './await-rest.ts';
import { awaitArrival, type ChildArrival } from './child-arrival.ts';
import { confirmSignIn } from './confirm-sign-in.ts';
import { considerEarlyHandoff } from './early-handoff.ts';
import { followThreads } from './follow-threads.ts';
import { guardSuccessor, type SuccessorGuard } from './successor-guard.ts';
import { type ChildListeners, type SupervisedChild, superviseChild } from './supervised-child.ts';
import type { TuiSession } from './tui-session.ts';
import { createTurnWatch, type TurnWatch, type WatchOptions } from './turn-watch.ts';

/** A child of a session on a terminal, with its observers. */
export interface ObservedChild {
  readonly child: SupervisedChild;
  readonly arrival: ChildArrival;
  /** Set while the child lives and its process id is known. */
  watch: TurnWatch | undefined;
  /** Undefined while the child lives. */
  ending: Ending | undefined;
}

/** A Codex that shows a title does so this soon after its first frame, and ends this soon after it has cleared the title. */
const TITLE_MS = 500;

/** Starts a child, and dispatches the events of its output, its record and its end. Throws what `spawn` throws. */
export function startObservedChild(start: StartEffect, session: TuiSession): void {
  const { parts, clock, handoffs, timers, title, output, observed: previous } = session;
  const startedAt = clock.now();
  const showTitle = () => {
    if (!title.isShown()) observed.child.interject(title.show);
  };
  const addAccount = title.followChild(() => timers.after(TITLE_MS, showTitle));
  const child = superviseChild(
    parts.terminal,
    () => retryNow(() => parts.spawn(start.plan)),
    {
      ...whileObserving<Pick<ChildListeners, 'started' | 'drawn' | 'sign'>>(session, {
        started(pid) {
          parts.recordChild(pid);
          observed.watch = watchChild(observed, { pid, startedAt, guard }, session);
        },
        drawn() {
          observed.arrival.drawn();
          timers.after(TITLE_MS, showTitle);
        },
        sign: (sign) => observed.watch?.addSign(sign),
      }),
      stopped: catchErrors(session, () => session.handlers.stopped()),
      ended: catchErrors(session, (ending) => {
        observed.ending = ending;
        session.handlers.ended(ending);
      }),
    },
    {
      hasPastes: previous?.child.takesPastes() === true,
      pass: (piece) => output.pass(addAccount(piece)),
      write: output.write,
    },
  );
  const arrival = awaitArrival({
    ...{ hasPrompt: Boolean(start.goOnWith), timers, child },
    report: (name) => handoffs.dispatch({ name }),
    signInAsked: (isStill) => void confirmSignIn(observed, isStill, session).catch(session.fail),
  });
  const observed: ObservedChild = { child, arrival, watch: undefined, ending: undefined };
  session.observed = observed;
  const guard = guardSuccessor(start, observed, session);
}

interface Started {
  pid: number;
  /** Epoch milliseconds, by the session's clock. */
  startedAt: number;
  guard: SuccessorGuard | undefined;
}

function watchChild(
  { arrival }: ObservedChild,
  { pid, startedAt, guard }: Started,
  session: TuiSession,
): TurnWatch {
  const { parts, clock, handoffs } = session;
  const { follow = followThreads } = parts;
  const answered = {
    has: (turnId: string) => sessionOf(handoffs.state())?.answered.includes(turnId) === true,
  };
  const rest = createRestWaiter({
    timers: session.timers,
    isWanted: () => hasUnansweredRefusal(session),
    isFree: () => isFree(handoffs.state()),
    presses: session.gate.presses,
    isResting: async () => (await session.observed?.watch?.isResting()) ?? false,
    rested: () => handoffs.dispatch({ name: 'at-rest' }),
  });
  return createTurnWatch({
    follower: follow(pid, startedAt, answered, undefined, clock.ahead),
    now: clock.now,
    ...whileObserving<Omit<WatchOptions, 'follower' | 'now'>>(session, {
      triggered: (source) => handoffs.dispatch({ name: 'triggered', source }),
      unconfirmed: () => handoffs.dispatch({ name: 'unconfirmed', source: 'text' }),
      turnBegan() {
        handoffs.dispatch({ name: 'turn-began' });
        if (guard === undefined) arrival.began();
      },
      turnRecorded() {
        guard?.recorded();
        arrival.began();
      },
      agentRefused(refusal) {
        handoffs.dispatch({ name: 'agent-refused', ...refusal });
        if (hasUnansweredRefusal(session)) rest.begin();
      },
      turnSucceeded({ beganAt = startedAt, limits }) {
        guard?.succeeded();
        handoffs.dispatch({ name: 'turn-succeeded', beganAt });
        if (limits !== undefined) void considerEarlyHandoff(limits, session).catch(session.fail);
      },
      bound(thread) {
        handoffs.dispatch({ name: 'bound', thread });
        arrival.bound();
        guard?.bound();
      },
    }),
  });
}

function hasUnansweredRefusal({ handoffs }: TuiSession): boolean {
  const session = sessionOf(handoffs.state());
  return session !== undefined && findRefusal(session) !== undefined;
}

/**
 * Wraps the listeners of the child, its observers and its record. An exception of ours ends the observing, and not the
 * session. After the exception no listener is called.
 */
function whileObserving<T extends object>(session: TuiSession, listeners: T): T {
  const guard = ([name, listener]: [string, (...args: unknown[]) => void]) => [
    name,
    catchErrors(session, (...args: unknown[]) => {
      if (!session.isBroken) listener(...args);
    }),
  ];
  return Object.fromEntries(Object.entries(listeners).map(guard)) as T;
}
