import { type GoalGuard, type GoalGuardParts, guardGoal } from './resume-goal.ts';
import { guardPrompt, type PromptGuard, type PromptGuardParts } from './retype-prompt.ts';

/** Sees to it that a successor goes on as the child before would have: its prompt, its goal. */
export type SuccessorGuard = PromptGuard & GoalGuard;

export function guardSuccessor(parts: PromptGuardParts & GoalGuardParts): SuccessorGuard {
  return { ...guardPrompt(parts), ...guardGoal(parts) };
}
