import type { GateOptions, GateState } from './gate-state.ts';
import type { Destination } from './render-burst.ts';

/** A dialog may come up while the user types a prompt. So a key is an answer only after this pause. */
const PAUSE_MS = 500;
/** Codex hides the cursor while it draws a frame. A dialog hides it for longer than this. */
const FRAME_MS = 100;

/** The reader of keys that the child gets now: its composer or its dialog. */
export function destinationInChild({ dialogSince, ticks }: GateOptions): Destination {
  const since = dialogSince();
  return since !== undefined && ticks() - since >= FRAME_MS ? 'dialog' : 'delivered';
}

/** Whether keys that come now, while keys are held, answer a dialog of the child. */
export function answersDialog({ options, isAnswering, lastPressAt }: GateState): boolean {
  const since = options.takesAnswers() ? options.dialogSince() : undefined;
  if (since === undefined) return false;
  return isAnswering || options.ticks() - Math.max(since, lastPressAt) >= PAUSE_MS;
}
