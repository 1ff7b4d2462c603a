import type { StartRefusal } from '../../codex/refusals.ts';
import type { Timers } from '../../handoff/timers.ts';
import { TYPED_MS } from './retype-prompt.ts';

/**
 * When a successor takes keys: Codex drops what is typed before it has opened its thread. And whether a child asks for a
 * login instead of opening one.
 */
export interface ChildArrival {
  /** Its first frame is there. */
  drawn(): void;
  /** It has opened its thread. */
  bound(): void;
  /** Its first turn has begun. May be told more than once. */
  began(): void;
  /** Why it has not opened its thread, as far as is known. */
  refusal(): StartRefusal | undefined;
}

export interface ArrivalParts {
  /** It was started with a prompt: keys wait for that turn, as only an empty composer lets a lost prompt be typed. */
  hasPrompt: boolean;
  timers: Timers;
  /** What the successor has said about it; the words may as well be part of the conversation. */
  readRefusal(): StartRefusal | undefined;
  /** The same for its sign-in screen. */
  asksToSignIn(): boolean;
  /** A dialog has the keys: it asks the user something, and what is typed at that reaches it. */
  isAsking(): boolean;
  /** Keys may go to it. May be told more than once. */
  ready(): void;
  /** It has no thread after a while, for no reason that we know: keys may go to it. */
  unsettled(): void;
  /** It lives, but waits for somebody else to leave the thread. */
  refused(): void;
  /** It seems to stand in its sign-in screen; told once. @param isStill whether it still does. */
  signInAsked(isStill: () => boolean): void;
}

/** With the thread open and no turn, there is no prompt to begin one with. */
const IDLE_MS = 500;
/** With a prompt, it may have been lost (retype-prompt.ts) and be typed again; then it is something else. */
const LOST_MS = TYPED_MS + 2000;
/** A refusal that is still on the screen so long after, with no thread open, is one. */
const DOUBT_MS = 500;
/** A successor that has no thread by now waits for the user in a way unknown; or the machine is slow (0.150 under load). */
const QUESTION_MS = 2500;
/** The sign-in screen is its first, but a busy machine may be long in drawing it. */
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

  function check(waitedMs: number, doubted: boolean): void {
    if (isBound) return;
    const said = readRefusal() === 'active-writer';
    if (said && doubted) refused();
    else if (!said && isAsking()) timers.after(DOUBT_MS, () => check(0, said));
    else if (!said && waitedMs >= QUESTION_MS) unsettled();
    else timers.after(DOUBT_MS, () => check(waitedMs + DOUBT_MS, said));
  }

  function checkSignIn(waitedMs: number): void {
    if (isBound) return;
    if (asksToSignIn()) signInAsked(() => !isBound);
    else if (waitedMs < SIGN_IN_MS) {
      timers.after(DOUBT_MS, () => checkSignIn(waitedMs + DOUBT_MS));
    }
  }

  return {
    drawn() {
      check(0, false);
      checkSignIn(0);
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
