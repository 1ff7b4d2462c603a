import { dropUndefined } from '../codex/json.ts';
import type { Logged } from '../state/events.ts';
import type { HandoffAccounts } from './accounts.ts';
import { createAnswers } from './answers.ts';
import { createCountdown } from './countdown.ts';
import type { Driver } from './driver.ts';
import type { ChildPlan, Effect, EffectOf } from './effects.ts';
import type { Event } from './events.ts';
import { advance, beginSession } from './machine.ts';
import type { SessionThread } from './session-thread.ts';
import type { Rules, State } from './states.ts';
import type { Timers } from './timers.ts';
import type { WaitRules } from './wait-for-reset.ts';

export interface HandoffParts extends Pick<Rules, 'isInteractive' | 'prompt'> {
  driver: Driver;
  accounts: HandoffAccounts;
  /** How many accounts there are: the bound on handoffs. */
  accountCount: number;
  firstPlan: ChildPlan;
  /** Why the account cannot work when the session begins. Codex's screen has covered the line that said so. */
  atLimit?: string;
  /** Undefined: no reset is waited for. */
  wait?: WaitRules;
  timers: Timers;
  log(event: Logged): void;
  /** Gets each thread that a child works on. `copyOf`: the id of its original, when the thread is a copy. */
  recordThread(thread: SessionThread & { copyOf?: string }): void;
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
  const first = beginSession(rulesOf(parts), accounts.target, parts.firstPlan, parts.atLimit);
  const { add: dispatch, close } = createEventQueue(advanceBy, failed);
  const countdown = createCountdown({ ...parts, dispatch });
  const answers = createAnswers(driver, accounts);
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
        return answer(answers.seekProof(effect));
      case 'mark':
        return accounts.mark(effect.proof);
      case 'choose':
        return answer(answers.choose(effect));
      case 'note-answer':
        return accounts.noteAnswer(effect.beganAt / 1000);
      case 'move':
        return answer(answers.move(effect, () => state.name === 'moving'));
      case 'stay':
        return answer(answers.stay(effect));
      case 'copy':
        return answer(answers.copy(effect));
      case 'await-reset':
        return countdown.begin(effect.awaited);
      case 'stop-waiting':
        return countdown.end();
      case 'stop-child':
        dispatch({ name: 'commands-ended', ...driver.stopChild() });
        return dispatchAfter(STOP_MS, { name: 'stop-overdue' });
      case 'hang-up-child':
        driver.signalChild('SIGHUP');
        return dispatchAfter(STOP_MS, { name: 'stop-overdue' });
      case 'kill-child':
        return driver.signalChild('SIGKILL');
      case 'signal-child':
        return driver.signalChild(effect.signal);
      case 'schedule-retry':
        driver.keepUnsentInput();
        return dispatchAfter(RETRY_MS[effect.attempt - 1] ?? STOP_MS, { name: 'retry-due' });
      case 'flush':
        return answer(driver.flush().then(() => ({ name: 'flushed' })));
      case 'restore-terminal':
        driver.perform(effect);
        return dispatch({ name: 'restored' });
      case 'record-thread':
        return parts.recordThread(readThread(effect));
      case 'log':
        return parts.log(effect.event);
      default:
        return driver.perform(effect);
    }
  }

  function answer(asked: Promise<Event | undefined>): void {
    asked.then((event) => event && dispatch(event)).catch(failed);
  }

  function dispatchAfter(ms: number, event: Event): void {
    timers.after(ms, () => dispatch(event));
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

function rulesOf({ isInteractive, prompt, accountCount, wait }: HandoffParts): Rules {
  return { isInteractive, prompt, accounts: accountCount, slackSeconds: wait?.slackSeconds };
}

function readThread({ thread, copyOf }: EffectOf<'record-thread'>) {
  return { ...thread, ...dropUndefined({ copyOf }) };
}

/**
 * Events are handled one after the other, also those that come while one is handled.
 * @param failed gets the exceptions of `handle`.
 */
function createEventQueue(handle: (event: Event) => void, failed: (error: unknown) => void) {
  const queue: Event[] = [];
  let isBusy = false;
  let isClosed = false;
  return {
    add(event: Event): void {
      queue.push(event);
      if (isBusy || isClosed) return;
      isBusy = true;
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) handle(next);
      } catch (error) {
        failed(error);
      } finally {
        isBusy = false;
      }
    },
    /** No event is handled any more. */
    close(): void {
      isClosed = true;
    },
  };
}
