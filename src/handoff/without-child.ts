import type { Logged } from '../state/events.ts';
import { answerRefusals, tellAgents } from './agents.ts';
import type { ChildPlan, Effect, StartEffect } from './effects.ts';
import type { Event, EventOf, Failure, SuccessorPlan } from './events.ts';
import {
  tellBack,
  tellCopied,
  tellEarly,
  tellEnded,
  tellHandoff,
  tellNotMoved,
  tellRule,
  tellRunAgain,
} from './messages.ts';
import { isWorkIdle, moveTo, nameAccount, nameThread, promptOf } from './session.ts';
import type { Cause, Ending, Named, Session } from './states.ts';
import { FAILED, finish, prepend, type Step, to, withoutChild } from './steps.ts';

export function advanceMoving(state: Named<'moving'>, event: Event, at: number): Step {
  switch (event.name) {
    case 'moved':
      return afterMove(state, event, at);
    case 'not-moved':
      return afterFailedMove(state, event);
    default:
      return withoutChild(state, event);
  }
}

export function advanceStaying(state: Named<'staying'>, event: Event): Step {
  const { session, line } = state;
  if (event.name !== 'stayed') return withoutChild(state, event);
  if (event.plan === undefined) return finish(session, FAILED, { isCutOff: true });
  return prepend(
    [{ do: 'tell', line, isUrgent: false }],
    start(session, { plan: event.plan, how: 'resume' }),
  );
}

export function advanceCopying(state: Named<'copying'>, event: Event): Step {
  switch (event.name) {
    case 'copied':
      return afterCopy(state, event);
    case 'not-copied':
      return end(state, event.failure, `could not copy the thread: ${event.failure.message}`);
    default:
      return withoutChild(state, event);
  }
}

export function advanceRetrying(state: Named<'retrying'>, event: Event): Step {
  if (event.name !== 'retry-due') return withoutChild(state, event);
  return to({ ...state, name: 'resuming', attempt: state.attempt + 1 }, state.start);
}

/** The overlay links to the login of the next account. */
function afterMove(
  { session: before, ending }: Named<'moving'>,
  { to: target, plan, rule }: EventOf<'moved'>,
  at: number,
): Step {
  const session: Session = { ...moveTo(before, target), exhausted: undefined };
  if (plan === undefined) {
    return prepend(runByHand(session, before.target, at), finish(session, ending ?? FAILED));
  }
  return prepend(tellMove(before, { to: target, rule }, at), start(session, plan, ending));
}

function tellMove(
  session: Session,
  { to, rule }: { to: string; rule: string | undefined },
  at: number,
): Effect[] {
  const { target: from, cause, endedCommands, agents } = session;
  const moved = { from, to, ...nameThread(session) };
  const ended = tellAgents(agents) + tellEnded(endedCommands);
  if (cause?.kind === 'low') {
    const { room, onCredits } = cause;
    const event: Logged = { type: 'rotated', ...moved, kind: 'low', ...room };
    const line = tellEarly(from, to, room, onCredits) + tellRule(rule) + ended;
    return [
      { do: 'log', event },
      { do: 'tell', line, isUrgent: false },
    ];
  }
  const mark = cause?.kind === 'limit' ? cause.mark : undefined;
  if (mark === undefined) return [];
  const isBack = cause?.kind === 'limit' && cause.isBack === true;
  const line = isBack ? tellBack(to) : tellHandoff(from, to, mark, new Date(at));
  const log: Effect = { do: 'log', event: { type: 'rotated', ...moved, kind: mark.kind } };
  // The account that is back may be the account that ran.
  const isSame = isBack && from === to;
  return [
    ...(isSame ? [] : [log]),
    { do: 'tell', line: line + tellRule(rule) + ended, isUrgent: true },
  ];
}

/** We cannot run the command again, because it has read its stdin. The user can: new sessions use the next account. */
function runByHand({ target, cause }: Session, from: string, at: number): Effect[] {
  if (cause?.kind !== 'limit' || cause.mark === undefined) return [];
  const line = tellRunAgain(from, target, cause.mark, new Date(at));
  return [{ do: 'tell', line, isUrgent: false }];
}

/** A TUI opens the thread again under the account that ran. */
function afterFailedMove(
  state: Named<'moving'>,
  { to: target, shows, failure }: EventOf<'not-moved'>,
): Step {
  const { session: before } = state;
  const { thread, rules } = before;
  const message = `could not go on under ${target}: ${failure.message}`;
  if (failure.isFinal || !rules.isInteractive || thread === undefined) {
    return end(state, failure, message);
  }
  const session: Session = {
    ...answerRefusals(moveTo(before, shows)),
    ...{ agents: [], cause: withoutWork(before.cause) },
  };
  const line = tellNotMoved(shows, target, failure.message) + tellAgents(before.agents);
  return to(
    { name: 'staying', session, line },
    { do: 'log', event: { type: 'notice', message } },
    { do: 'stay', thread },
  );
}

function withoutWork(cause: Cause | undefined): Cause | undefined {
  return cause?.kind === 'limit' ? { ...cause, isIdle: true } : cause;
}

function afterCopy(
  { session: before, ending }: Named<'copying'>,
  { copy, plan }: EventOf<'copied'>,
): Step {
  const { target, thread: original, endedCommands, agents } = before;
  // A command without a plan cannot be resumed.
  if (plan === undefined || original === undefined) return finish(before, ending ?? FAILED);
  // A goal belongs to a thread's id, so a copy has none.
  const thread = { ...original, ...copy, hasGoal: false };
  const originals = { ...before.originals, [thread.id]: original.id };
  const session: Session = { ...before, thread, originals, hasCopied: true };
  const event: Logged = { type: 'copied', target, from: original.id, to: thread.id };
  const line = tellCopied(target, thread.id) + tellAgents(agents) + tellEnded(endedCommands);
  return prepend(
    [
      { do: 'log', event },
      { do: 'tell', line, isUrgent: false },
    ],
    start(session, { plan, how: 'resume' }, ending),
  );
}

/** A handoff has failed. @param message for the log. */
function end(
  { session, ending }: Named<'moving' | 'copying'>,
  { line }: Failure,
  message: string,
): Step {
  const told: Effect[] = line === undefined ? [] : [{ do: 'tell', line, isUrgent: false }];
  return prepend(
    [{ do: 'log', event: { type: 'notice', message } }, ...told],
    finish(session, ending ?? FAILED, { isCutOff: true }),
  );
}

function start(before: Session, { plan, how }: SuccessorPlan, ending?: Ending): Step {
  // The prompt has named the agents. A command that is run again begins a thread of its own.
  const named: Session = { ...answerRefusals(before), agents: [] };
  const session = how === 'again' ? { ...named, thread: undefined } : named;
  const { thread } = session;
  const effect: StartEffect = {
    ...{ do: 'start', plan, how },
    ...(thread && { thread }),
    ...(thread &&
      !isWorkIdle(before) && { goOnWith: nameAccount(promptOf(before), before.target) }),
  };
  const state = { name: 'resuming', session, start: effect, attempt: 1 } as const;
  return to({ ...state, ...(ending && { ending }) }, ...tellNews(plan), effect);
}

/** An update has changed Codex since the child before. */
function tellNews({ news }: ChildPlan): Effect[] {
  if (news === undefined) return [];
  const message = news.replace(/^codex-hotswap: /, '');
  return [
    { do: 'log', event: { type: 'notice', message } },
    { do: 'tell', line: news, isUrgent: false },
  ];
}
