import type { Logged } from '../state/events.ts';
import type { HandoffAccounts } from './accounts.ts';
import { createCountdown } from './countdown.ts';
import type { Driver } from './driver.ts';
import type { ChildPlan, Effect } from './effects.ts';
import { createEventQueue } from './event-queue.ts';
import type { Event } from './events.ts';
import { advance, beginSession } from './machine.ts';
import { createProofAndChoice } from './proof-and-choice.ts';
import type { Rules, State } from './states.ts';
import { copyThread, moveToTarget, planStay } from './successor.ts';
import type { Timers } from './timers.ts';
import type { Patience } from './wait-for-reset.ts';

export interface HandoffParts {
  driver: Driver;
  accounts: HandoffAccounts;
  rules: Omit<Rules, 'slackSeconds'>;
  firstPlan: ChildPlan;
  /** Undefined: no reset is waited for. */
  wait: Patience | undefined;
  timers: Timers;
  log(event: Logged): void;
  /** Gets an error of ours. */
  failed(error: unknown): void;
  /** Gets every step, for CODEX_HOTSWAP_DEBUG. */
  trace?: ((step: TracedStep) => void) | undefined;
}

export interface TracedStep {
  before: State;
  event: Event;
  effects: readonly Effect[];
  after: State;
}

/** The handoffs of one session. */
export interface Handoffs {
  /** Starts the first child. Throws what the driver throws. */
  begin(): void;
  dispatch(event: Event): void;
  state(): State;
  /** After an error of ours: events have no effect any more, and the wait for a reset ends. */
  abandon(): void;
}

/** A child that ignores SIGTERM or SIGHUP is killed after this long. */
export const STOP_MS = 2000;
/** The pauses between the starts on a thread whose writer lock another process still holds. */
const RETRY_MS = [50, 100, 200, 400, 800, 1600];

/** The one interpreter of the machine's effects. The driver carries out those on the child and on the terminal. */
export function createHandoffs(parts: HandoffParts): Handoffs {
  const { driver, accounts, timers, failed, trace } = parts;
  const rules = { ...parts.rules, slackSeconds: parts.wait?.slackSeconds };
  const first = beginSession(rules, accounts.target, parts.firstPlan);
  const { add: dispatch, close } = createEventQueue(advanceBy, failed);
  const countdown = createCountdown({ ...parts, dispatch });
  const search = createProofAndChoice(driver, accounts);
  let { state } = first;

  function advanceBy(event: Event): void {
    if (event.name === 'child-ended') timers.cancel();
    const before = state;
    const step = advance(before, event, Date.now());
    state = step.state;
    trace?.({ before, event, effects: step.effects, after: state });
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: Effect): void {
    switch (effect.do) {
      case 'seek-proof':
        return answer(search.seekProof(effect));
      case 'choose':
        return answer(search.choose(effect));
      case 'move':
        return answer(moveToTarget(effect, parts, () => state.name === 'moving'));
      case 'stay':
        return answer(planStay(effect, parts));
      case 'copy':
        return answer(copyThread(effect, parts));
      case 'await-reset':
        return countdown.begin(effect.awaited);
      case 'stop-waiting':
        return countdown.end();
      case 'stop-child':
        dispatch({ name: 'commands-ended', names: driver.stopChild() });
        return timers.after(STOP_MS, () => dispatch({ name: 'stop-overdue' }));
      case 'hang-up-child':
        driver.signalChild('SIGHUP');
        return timers.after(STOP_MS, () => dispatch({ name: 'stop-overdue' }));
      case 'schedule-retry':
        driver.keepUnsentInput();
        return timers.after(RETRY_MS[effect.attempt - 1] ?? STOP_MS, () =>
          dispatch({ name: 'retry-due' }),
        );
      case 'flush':
        return answer(driver.flush().then(() => ({ name: 'flushed' })));
      case 'restore-terminal':
        driver.restoreTerminal();
        return dispatch({ name: 'restored' });
      case 'log':
        return parts.log(effect.event);
      default:
        return performOnDriver(effect, driver);
    }
  }

  function answer(asked: Promise<Event | undefined>): void {
    asked.then((event) => event && dispatch(event)).catch(failed);
  }

  return {
    begin() {
      for (const effect of first.effects) perform(effect);
    },
    dispatch,
    state: () => state,
    abandon() {
      close();
      countdown.end();
    },
  };
}

/** The driver carries out these effects at once. They have no answer. */
function performOnDriver(effect: DriverEffect, driver: Driver): void {
  switch (effect.do) {
    case 'start':
      return driver.startChild(effect);
    case 'hold-input':
      return driver.holdInput();
    case 'release-input':
      return driver.releaseInput();
    case 'kill-child':
      return driver.signalChild('SIGKILL');
    case 'signal-child':
      return driver.signalChild(effect.signal);
    case 'suspend-ourselves':
      return driver.suspend();
    case 'undo-modes':
      return driver.undoModes(effect.before);
    case 'record-thread':
      return driver.recordThread(effect.thread, effect.copyOf);
    case 'tell':
      return driver.tell(effect.line, effect.isUrgent);
    case 'set-title':
      return driver.setTitle(effect.title, effect.alert);
    case 'exit':
      return driver.exit(effect.ending, effect.lines);
    default:
      return unreachable(effect);
  }
}

type DriverEffect = Extract<
  Effect,
  {
    do:
      | 'start'
      | 'hold-input'
      | 'release-input'
      | 'kill-child'
      | 'signal-child'
      | 'suspend-ourselves'
      | 'undo-modes'
      | 'record-thread'
      | 'tell'
      | 'set-title'
      | 'exit';
  }
>;

function unreachable(effect: never): never {
  throw new Error(`unknown effect: ${JSON.stringify(effect)}`);
}
