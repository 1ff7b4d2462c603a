import { guardPrompt, type PromptGuard } from './lost-prompt.ts';
import { type GoalGuard, guardGoal } from './resume-goal.ts';
import type { Timers } from './timers.ts';

/** Sees to it that a successor goes on as the child before would have: its prompt, its goal. */
export type SuccessorGuard = PromptGuard & GoalGuard;

export interface SuccessorParts {
  prompt: string;
  hasGoal: boolean;
  timers: Timers;
  /** It takes keys, in no dialog, does not say that it works, and its composer is empty as far as keys tell. */
  isIdle(): boolean;
  /** A dialog is open. */
  isAsking(): boolean;
  /** It has said that it works; before that it may just be slow. */
  hasWorked(): boolean;
  type(keys: string): void;
  awaitEcho(text: string, seen: () => void): void;
}

export function guardSuccessor(parts: SuccessorParts): SuccessorGuard {
  const { prompt, hasGoal, hasWorked, ...keys } = parts;
  return {
    ...guardPrompt({ ...keys, prompt, isIdle: () => hasWorked() && keys.isIdle() }),
    ...guardGoal({ ...keys, hasGoal }),
  };
}
