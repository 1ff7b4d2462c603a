import type { Mark } from '../accounts/marks.ts';
import type { Logged } from '../state/events.ts';
import type { NoneLeft } from './accounts.ts';
import type { Effect } from './effects.ts';
import type { Event, EventOf } from './events.ts';
import { actOnProof } from './findings.ts';
import { tellExhausted, tellGaveUp, tellWaiting, titleExhausted } from './messages.ts';
import { afterSuccess, mayHandOff, nameThread } from './session.ts';
import type { Ending, Named, Session } from './states.ts';
import {
  finish,
  goOn,
  move,
  noteAnswer,
  prepend,
  type Step,
  seek,
  stay,
  stopChild,
  suspend,
  to,
  withLivingChild,
  withoutChild,
} from './steps.ts';

/** The session waits for a reset this often, as long as no turn succeeds. */
export const MAX_WAITS = 24;

/** The account is marked. The chosen account goes on, or every account is at its limit. */
export function afterChoice(
  { session: before, ending }: Named<'choosing'>,
  event: EventOf<'chosen' | 'none-left'>,
  at: number,
): Step {
  const { mark } = event;
  const session = withMark(before, mark);
  const { rules, interruption } = session;
  return prepend(logMark(session, mark), nextStep());

  function nextStep(): Step {
    if (interruption !== undefined) {
      return ending === undefined ? goOn(session) : finish(session, interruption);
    }
    if (event.name === 'chosen' && mayHandOff(session)) {
      const { target } = event;
      return ending === undefined
        ? to({ name: 'stopping', session, target }, ...stopChild(session))
        : move(session, target, ending);
    }
    if (ending !== undefined && rules.isInteractive) {
      return finish(session, ending, { isCutOff: true });
    }
    return exhaust(session, event, at, ending);
  }
}

export function advanceWaiting(state: Named<'waiting'>, event: Event, at: number): Step {
  const { session, ending } = state;
  switch (event.name) {
    case 'account-back':
      return goOnAfterWait(state, event.target, at);
    case 'gave-up':
      return giveUp(state, event.reason);
    case 'typed':
      return prepend(endWait(state), to({ name: 'running', session }));
    case 'turn-succeeded': {
      const succeeded = afterSuccess(session);
      return prepend(
        [...endWait({ ...state, session: succeeded }), noteAnswer(event)],
        to({ name: 'running', session: succeeded }),
      );
    }
    case 'triggered':
      // This is a late sign of the same failure, as a rule. So keys are not held.
      return to(state, seek(session, event.source));
    case 'proved':
      // A prompt that Codex had queued failed as well.
      return prepend([...endWait(state), { do: 'hold-input' }], actOnProof(state, event, at));
    case 'child-stopped':
      return prepend(endWait(state), suspend(session));
    case 'child-ended': {
      // A command that has failed waits without a child.
      const isFailed = event.cause === 'failed' && session.interruption === undefined;
      if (isFailed) return stay({ ...state, ending: event.ending });
      return prepend([{ do: 'stop-waiting' }], withLivingChild(state, event));
    }
    case 'signalled':
      return ending === undefined
        ? withLivingChild(state, event)
        : prepend(endWait(state), withoutChild(state, event));
    default:
      return ending === undefined ? withLivingChild(state, event) : stay(state);
  }
}

/** Tells the user, and waits for the first account to come back if the user wants that. */
function exhaust(
  before: Session,
  event: EventOf<'chosen' | 'none-left'>,
  at: number,
  ending?: Ending,
): Step {
  const { rules, target, waits } = before;
  const { mark } = event;
  // An account was chosen, but there is no handoff any more: each account has been tried.
  const none: NoneLeft = event.name === 'none-left' ? event : {};
  const { slackSeconds } = rules;
  const { earliest, allowedBy } = none;
  const log: Logged = { type: 'exhausted', target, ...(earliest && { earliest }) };
  const canWait = slackSeconds !== undefined && waits < MAX_WAITS;
  const awaited = canWait ? earliest : undefined;
  const until = Math.ceil((awaited?.until ?? 0) + (slackSeconds ?? 0));
  const facts = { target, mark, ...none };
  const now = new Date(at);
  const summary = tellExhausted(facts, now);
  const note = titleExhausted(facts, now);
  const session = rules.isInteractive ? { ...before, exhausted: { summary, note } } : before;
  const line = awaited
    ? tellWaiting(target, mark, { target: awaited.target, until }, { allowedBy, now })
    : summary;
  // One notification is enough: a user who sends more prompts knows of the limit.
  const alert = before.exhausted === undefined ? { alert: summary } : {};
  const told: Effect[] = [
    { do: 'log', event: log },
    rules.isInteractive
      ? { do: 'set-title', note, ...alert }
      : { do: 'tell', line, isUrgent: true },
  ];
  if (awaited === undefined) {
    if (ending !== undefined) return prepend(told, finish(session, ending));
    return prepend(told, goOn(session));
  }
  return to(
    { name: 'waiting', session, awaited, ...(ending && { ending }) },
    ...told,
    { do: 'log', event: { type: 'waiting', target: awaited.target, until } },
    { do: 'release-input' },
    { do: 'await-reset', awaited },
  );
}

function goOnAfterWait(
  { session: before, ending }: Named<'waiting'>,
  target: string,
  at: number,
): Step {
  const { cause, waits } = before;
  const log: Effect = { do: 'log', event: { type: 'waited', target, outcome: 'back' } };
  const session: Session = {
    ...before,
    ...{ handoffs: 0, waits: waits + 1, exhausted: undefined, stoppedAt: at },
    cause: cause?.kind === 'limit' ? { ...cause, isBack: true } : cause,
  };
  return ending === undefined
    ? to({ name: 'stopping', session, target }, log, { do: 'hold-input' }, ...stopChild(session))
    : prepend([log], move(session, target, ending));
}

function giveUp({ session, awaited, ending }: Named<'waiting'>, reason: string): Step {
  const { target } = awaited;
  const log: Effect = { do: 'log', event: { type: 'waited', target, outcome: 'gave-up', reason } };
  if (ending === undefined) return to({ name: 'running', session }, log, ...titleAgain(session));
  const line = tellGaveUp(reason);
  return prepend([log, { do: 'tell', line, isUrgent: false }], finish(session, ending));
}

function endWait({ session, awaited }: Named<'waiting'>): Effect[] {
  const { target } = awaited;
  return [
    { do: 'stop-waiting' },
    { do: 'log', event: { type: 'waited', target, outcome: 'ended' } },
    ...titleAgain(session),
  ];
}

/** Replaces the countdown in the title. */
function titleAgain({ exhausted, rules }: Session): Effect[] {
  return rules.isInteractive ? [{ do: 'set-title', note: exhausted?.note ?? '' }] : [];
}

function withMark(session: Session, mark: Mark): Session {
  const { cause } = session;
  return cause?.kind === 'limit' ? { ...session, cause: { ...cause, mark } } : session;
}

function logMark(session: Session, { kind, until }: Mark): Effect[] {
  const { target } = session;
  const confirmed: Logged = { type: 'confirmed', target, kind, until, ...nameThread(session) };
  const logs: Effect[] = [{ do: 'log', event: confirmed }];
  if (kind === 'needs-login') logs.push({ do: 'log', event: { type: 'needs-login', target } });
  return logs;
}
