import { type GoalGuard, type GoalGuardParts, guardGoal } from './resume-goal.ts';
import { guardPrompt, type PromptGuard, type PromptGuardParts } from './retype-prompt.ts';

/** Makes a successor go on with the prompt and the goal of the child before. */
export type SuccessorGuard = PromptGuard & GoalGuard;

export function guardSuccessor(parts: PromptGuardParts & GoalGuardParts): SuccessorGuard {
  return { ...guardPrompt(parts), ...guardGoal(parts) };
}
