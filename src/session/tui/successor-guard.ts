import type { StartEffect } from '../../handoff/effects.ts';
import { isFree, isResuming } from '../../handoff/session.ts';
import type { ObservedChild } from './observed-child.ts';
import { type GoalGuard, guardGoal } from './resume-goal.ts';
import { guardPrompt, type PromptGuard } from './retype-prompt.ts';
import type { TuiSession } from './tui-session.ts';

/** Makes a successor go on with the prompt and the goal of the child before. */
export type SuccessorGuard = PromptGuard & GoalGuard;

/** @returns undefined for a child that has no work to go on with. */
export function guardSuccessor(
  { thread, goOnWith }: StartEffect,
  observed: ObservedChild,
  { timers, gate, handoffs }: TuiSession,
): SuccessorGuard | undefined {
  if (goOnWith === undefined) return undefined;
  const { child } = observed;
  const isAsking = () => child.dialogSince() !== undefined;
  const isWorking = () => observed.watch?.isWorking() === true;
  const takesKeys = () => isFree(handoffs.state()) || isResuming(handoffs.state());
  const parts = {
    prompt: goOnWith,
    hasGoal: thread?.hasGoal === true,
    timers,
    isIdle: () => takesKeys() && !isAsking() && !isWorking() && gate.isBlank(),
    isAsking,
    isWorking,
    hasWorked: () => observed.watch?.hasWorked() === true,
    async readRecord() {
      await observed.watch?.reportNews();
      return observed.watch !== undefined;
    },
    type: (keys: string) => child.deliver(Buffer.from(keys)),
    awaitEcho: child.awaitEcho,
    forgetEcho: child.forgetEcho,
  };
  return { ...guardPrompt(parts), ...guardGoal(parts) };
}
