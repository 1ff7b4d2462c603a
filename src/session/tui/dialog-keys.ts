import type { GateOptions, GateState } from './gate-state.ts';
import type { Side } from './render-burst.ts';

/** A user who types when a dialog comes up does not answer it. A key is an answer only after a pause so long. */
const PAUSE_MS = 500;
/** A dialog that is open for less than this is a frame that Codex is drawing. */
const FRAME_MS = 100;

/** Where keys go that the child gets now. */
export function sideOfChild({ dialogSince, ticks }: GateOptions): Side {
  const since = dialogSince();
  return since !== undefined && ticks() - since >= FRAME_MS ? 'dialog' : 'delivered';
}

/** Keys that come now, while keys are held, answer a dialog of the child. */
export function answersDialog({ options, isAnswering, lastPressAt }: GateState): boolean {
  const since = options.takesAnswers() ? options.dialogSince() : undefined;
  if (since === undefined) return false;
  return isAnswering || options.ticks() - Math.max(since, lastPressAt) >= PAUSE_MS;
}
