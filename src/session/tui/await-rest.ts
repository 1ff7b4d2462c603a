import type { Timers } from '../../handoff/timers.ts';

/** Waits until no turn runs, after an agent of the session has met the limit. */
export interface RestWaiter {
  /** An agent has met the limit. May be called more than once. */
  begin(): void;
}

export interface RestParts {
  timers: Timers;
  /** The session has not acted on the limit yet. */
  isWanted(): boolean;
  /** A child runs, and no handoff is under way. */
  isFree(): boolean;
  /** How many keys have been pressed so far. */
  presses(): number;
  /** No turn runs, by the record as it is now. */
  isResting(): Promise<boolean>;
  rested(): void;
}

/**
 * A queued prompt begins the next turn at once, and Codex may begin one when an agent has told its result. A person who types
 * is about to begin one. So a rest counts when it has lasted this long.
 */
const REST_MS = 1000;

export function createRestWaiter(parts: RestParts): RestWaiter {
  const { timers, isWanted, isFree, presses, isResting, rested } = parts;
  let isWaiting = false;

  function check(pressesBefore: number, wasResting: boolean): void {
    timers.after(REST_MS, () => {
      isWaiting = false;
      if (!isWanted()) return;
      isWaiting = true;
      void isResting()
        .catch(() => false)
        .then((isNow) => {
          const isQuiet = isNow && isFree() && presses() === pressesBefore;
          if (isQuiet && wasResting) {
            isWaiting = false;
            if (isWanted()) rested();
          } else check(presses(), isQuiet);
        });
    });
  }

  return {
    begin() {
      if (isWaiting) return;
      isWaiting = true;
      void isResting()
        .catch(() => false)
        .then((isNow) => check(presses(), isNow));
    },
  };
}
