import type { StartRefusal } from '../../codex/refusals.ts';
import type { Timers } from '../../handoff/timers.ts';
import { TYPED_MS } from './retype-prompt.ts';
import type { SupervisedChild } from './supervised-child.ts';

/**
 * Watches the start of a child. Codex drops keys that come before it has opened its thread, so this reports when the child
 * takes keys. It also reports that the child asks for a login instead.
 */
export interface ChildArrival {
  /** The child has drawn its first frame. */
  drawn(): void;
  /** The child has opened its thread. */
  bound(): void;
  /** The child's first turn has begun. May be called more than once. */
  began(): void;
  /** Why the child has not opened its thread, if that is known. */
  refusal(): StartRefusal | undefined;
}

export interface ArrivalParts {
  /** The child was started with a prompt. Keys wait for that turn: a lost prompt can only be typed into an empty composer. */
  hasPrompt: boolean;
  timers: Timers;
  child: Pick<SupervisedChild, 'refusal' | 'asksToSignIn' | 'dialogSince'>;
  /**
   * `child-ready`: keys may go to the child. It may come more than once. `unsettled`: the child has no thread after a while,
   * and the cause is not known. `refused`: the child waits until another process has left the thread.
   */
  report(name: 'child-ready' | 'unsettled' | 'refused'): void;
  /** The child seems to show its sign-in screen. Called once. @param isStill whether the child still has no thread. */
  signInAsked(isStill: () => boolean): void;
}

/** A child that was started without a prompt takes keys this long after it has opened its thread. */
const IDLE_MS = 500;
/** Keys wait this long for the turn of a prompt. A lost prompt is typed again by then (retype-prompt.ts). */
const LOST_MS = TYPED_MS + 2000;
/** A refusal counts when it is on the screen at two checks with this pause between, and no thread is open. */
const DOUBT_MS = 500;
/** A successor without a thread after this long asks a question that we do not know, or is slow (0.150 under load). */
const QUESTION_MS = 2500;
/** The sign-in screen is the first screen of a child. A busy machine may take this long to draw it. */
const SIGN_IN_MS = 15_000;

export function awaitArrival(parts: ArrivalParts): ChildArrival {
  const { hasPrompt, timers, child, report, signInAsked } = parts;
  let isBound = false;
  let hasBegun = false;

  function awaitThread(waitedMs: number, wasRefused: boolean): void {
    if (isBound) return;
    const isRefused = child.refusal() === 'active-writer';
    if (isRefused && wasRefused) report('refused');
    else if (!isRefused && child.dialogSince() !== undefined)
      timers.after(DOUBT_MS, () => awaitThread(0, false));
    else if (!isRefused && waitedMs >= QUESTION_MS) report('unsettled');
    else timers.after(DOUBT_MS, () => awaitThread(waitedMs + DOUBT_MS, isRefused));
  }

  function awaitSignIn(waitedMs: number): void {
    if (isBound) return;
    if (child.asksToSignIn()) signInAsked(() => !isBound);
    else if (waitedMs < SIGN_IN_MS) {
      timers.after(DOUBT_MS, () => awaitSignIn(waitedMs + DOUBT_MS));
    }
  }

  return {
    drawn() {
      awaitThread(0, false);
      awaitSignIn(0);
    },
    bound() {
      isBound = true;
      timers.after(hasPrompt ? LOST_MS : IDLE_MS, () => report('child-ready'));
    },
    began() {
      isBound = true;
      if (!hasBegun) report('child-ready');
      hasBegun = true;
    },
    refusal: () => (isBound ? undefined : child.refusal()),
  };
}
