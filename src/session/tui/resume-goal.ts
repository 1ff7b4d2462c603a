import { type PromptGuardParts, SETTLE_MS } from './retype-prompt.ts';

/** Resumes a `/goal` that a limit has halted. */
export interface GoalGuard {
  /** The first turn of the successor has ended well. */
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
const PATIENCE = 10;
const RESUME_GOAL = '/goal resume';

/**
 * A limit halts a goal ("Goal hit usage limits (/goal resume)"). Only Codex's databases know that it is halted; the record
 * tells that there is a goal. Started without a prompt, 0.169 asks in a dialog whether to go on with the goal, and we answer
 * no dialogs. So the successor has its prompt, and after that turn the command is typed, once. Enter follows only when the
 * command is seen in the composer.
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

  // Codex itself shows the command in its footer, below a dialog as well: an echo does not prove an open composer.
  function send(): void {
    if (isIdle()) type('\r');
  }

  return {
    succeeded() {
      if (isDue) timers.after(REST_MS, () => typeWhenIdle(PATIENCE));
      isDue = false;
    },
  };
}
