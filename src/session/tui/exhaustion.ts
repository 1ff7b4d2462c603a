import type { HandoffAccounts } from '../../handoff/accounts.ts';
import { titleWaiting } from '../../handoff/messages.ts';
import type { Event } from '../../handoff/vocabulary.ts';
import {
  type Awaited,
  awaitReset,
  type Patience,
  type ResetWait,
} from '../../handoff/wait-for-reset.ts';
import type { Logged } from '../../state/events.ts';
import type { Alert } from '../alert.ts';
import type { Rotation } from './rotation.ts';
import type { Timers } from './timers.ts';

/** A session whose accounts are all at their limits: what the user is told, and the wait for the first to come back. */
export interface Exhaustion {
  /** Tells and logs it. Returns whether somebody can be waited for. */
  settle(): boolean;
  /** Waits, and dispatches `account-back`, `gave-up`, or `typed` at the next key. */
  await(): void;
  /** Ends the wait: the machine has left it. */
  leave(): void;
  /** Ends the wait without a word: no child is left that could show it. */
  abandon(): void;
  /** A turn went well after all: there is nothing to tell at exit. */
  forget(): void;
  /** For stderr, when the terminal is the user's again. */
  summary(): string | undefined;
}

export interface ExhaustionParts {
  rotation: Pick<Rotation, 'settleExhausted' | 'beginAgain'>;
  desk: Pick<HandoffAccounts, 'target' | 'reconsider'>;
  alert: Alert;
  /** Undefined: nobody is waited for. */
  wait: Patience | undefined;
  timers: Timers;
  log(event: Logged): void;
  /** Writes between Codex's own output. */
  interject(text: string): void;
  onNextKey(typed: (() => void) | undefined): void;
  dispatch(event: Event): void;
}

/** Codex may write a title of its own meanwhile: the countdown is said again so often, changed or not. */
const TITLE_MS = 5000;

export function createExhaustion(parts: ExhaustionParts): Exhaustion {
  const { rotation, desk, alert, wait, timers, log, interject, onNextKey, dispatch } = parts;
  let exhausted: ReturnType<Rotation['settleExhausted']> | undefined;
  let summary: string | undefined;
  let waiting: ResetWait | undefined;

  function end(): void {
    waiting?.stop();
    onNextKey(undefined);
    // After a turn that went well the title is Codex's again.
    if (summary !== undefined) interject(exhausted?.title ?? '');
  }

  return {
    settle() {
      exhausted = rotation.settleExhausted();
      // Alerts once; the user who tries on knows.
      const bell = summary === undefined ? alert(exhausted.summary) : '';
      summary = exhausted.summary;
      interject(`${exhausted.title}${bell}`);
      return wait !== undefined && exhausted.earliest !== undefined;
    },
    await() {
      if (wait === undefined || exhausted?.earliest === undefined) return;
      const { earliest } = exhausted;
      const { target, until } = earliest;
      log({ type: 'waiting', target, until: Math.ceil(until + wait.slackSeconds) });
      waiting = awaitReset({
        ...wait,
        earliest,
        reconsider: desk.reconsider,
        now: Date.now,
        after: timers.after,
        show: showCountdown(interject),
        back(account) {
          onNextKey(undefined);
          summary = undefined;
          rotation.beginAgain();
          dispatch({ name: 'account-back', target: account });
        },
        gaveUp(reason) {
          log({ type: 'waited', target, outcome: 'gave-up', reason });
          end();
          dispatch({ name: 'gave-up' });
        },
      });
      onNextKey(() => dispatch({ name: 'typed' }));
    },
    leave() {
      const { target = desk.target } = exhausted?.earliest ?? {};
      log({ type: 'waited', target, outcome: 'ended' });
      end();
    },
    abandon: () => waiting?.stop(),
    forget() {
      summary = undefined;
    },
    summary: () => summary,
  };
}

function showCountdown(interject: (title: string) => void): (awaited: Awaited) => void {
  let shown = '';
  let shownAt = 0;
  return (awaited) => {
    const title = titleWaiting(awaited, new Date());
    if (title === shown && performance.now() - shownAt < TITLE_MS) return;
    shown = title;
    shownAt = performance.now();
    interject(title);
  };
}
