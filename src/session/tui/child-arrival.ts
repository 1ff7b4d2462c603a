import type { StartRefusal } from '../../codex/refusals.ts';
import type { Timers } from '../../handoff/timers.ts';
import { TYPED_MS } from './retype-prompt.ts';

/**
 * Tells when a successor takes keys: Codex drops keys that come before it has opened its thread. Tells also whether a child
 * asks for a login instead.
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
  /** The refusal that is on the screen. Its words may also be part of the conversation. */
  readRefusal(): StartRefusal | undefined;
  /** The screen looks like the sign-in screen. */
  asksToSignIn(): boolean;
  /** A dialog of the child asks the user something. Keys that are typed at it reach it. */
  isAsking(): boolean;
  /** Keys may go to the child. May be called more than once. */
  ready(): void;
  /** The child has no thread after a while, and we do not know why: keys may go to it. */
  unsettled(): void;
  /** The child lives, but waits until another process has left the thread. */
  refused(): void;
  /** The child seems to show its sign-in screen. Called once. @param isStill whether the child still has no thread. */
  signInAsked(isStill: () => boolean): void;
}

/** A child that has opened its thread, and begins no turn for this long, has no prompt. */
const IDLE_MS = 500;
/** A prompt may have been lost, and is typed again meanwhile (retype-prompt.ts). After that keys wait for it no more. */
const LOST_MS = TYPED_MS + 2000;
/** A refusal counts when it is still on the screen so long after, and no thread is open. */
const DOUBT_MS = 500;
/** A successor without a thread by now asks the user something that we do not know, or is slow (0.150 under load). */
const QUESTION_MS = 2500;
/** The sign-in screen is the first one of a child, but a busy machine may take this long to draw it. */
const SIGN_IN_MS = 15_000;

export function awaitArrival({
  hasPrompt,
  timers,
  readRefusal,
  asksToSignIn,
  isAsking,
  ready,
  unsettled,
  refused,
  signInAsked,
}: ArrivalParts): ChildArrival {
  let isBound = false;
  let hasBegun = false;

  function awaitThread(waitedMs: number, wasRefused: boolean): void {
    if (isBound) return;
    const isRefused = readRefusal() === 'active-writer';
    if (isRefused && wasRefused) refused();
    else if (!isRefused && isAsking()) timers.after(DOUBT_MS, () => awaitThread(0, false));
    else if (!isRefused && waitedMs >= QUESTION_MS) unsettled();
    else timers.after(DOUBT_MS, () => awaitThread(waitedMs + DOUBT_MS, isRefused));
  }

  function awaitSignIn(waitedMs: number): void {
    if (isBound) return;
    if (asksToSignIn()) signInAsked(() => !isBound);
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
      timers.after(hasPrompt ? LOST_MS : IDLE_MS, ready);
    },
    began() {
      isBound = true;
      if (!hasBegun) ready();
      hasBegun = true;
    },
    refusal: () => (isBound ? undefined : readRefusal()),
  };
}
