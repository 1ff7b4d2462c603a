import { type PromptGuardParts, SETTLE_MS } from './retype-prompt.ts';

/** Resumes a `/goal` that a limit has halted. */
export interface GoalGuard {
  /** A turn of the successor has succeeded. */
  succeeded(): void;
}

export interface GoalGuardParts
  extends Omit<
    PromptGuardParts,
    'prompt' | 'hasWorked' | 'isWorking' | 'readRecord' | 'forgetEcho'
  > {
  hasGoal: boolean;
}

/** A prompt that Codex has queued begins its turn at once. */
const REST_MS = 700;
const MOST_CHECKS = 10;
const RESUME_GOAL = '/goal resume';

/**
 * A limit halts a goal ("Goal hit usage limits (/goal resume)"). The record tells that there is a goal, but not that it is
 * halted. Without a prompt, 0.169 asks in a dialog whether to go on with the goal, and we answer no dialogs. So the successor
 * gets its prompt, and after that turn the command is typed, once. Enter follows only when the command is seen in the
 * composer.
 */
export function guardGoal(parts: GoalGuardParts): GoalGuard {
  const { hasGoal, timers, isIdle, isAsking, type, awaitEcho } = parts;
  let isDue = hasGoal;

  function typeWhenIdle(left: number): void {
    if (left === 0) return;
    if (!isIdle()) return timers.after(REST_MS, () => typeWhenIdle(isAsking() ? left : left - 1));
    awaitEcho(RESUME_GOAL, () => timers.after(SETTLE_MS, send));
    type(`\u001b[200~${RESUME_GOAL}\u001b[201~`);
  }

  // Codex also shows the command in its footer, below a dialog as well. So an echo does not prove an open composer.
  function send(): void {
    if (isIdle()) type('\r');
  }

  return {
    succeeded() {
      if (isDue) timers.after(REST_MS, () => typeWhenIdle(MOST_CHECKS));
      isDue = false;
    },
  };
}
