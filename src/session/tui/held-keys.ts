import { PASTE_END, readComposerKeys } from '../../codex/composer-keys.ts';
import { endSequence, passSequence, readPassedChunk, readWaitingChunk } from './cut-sequence.ts';
import { answersDialog } from './dialog-keys.ts';
import { type GateState, isUnfinished } from './gate-state.ts';
import type { Destination } from './render-burst.ts';
import { addKeys, queueSequence, takeQueue } from './typed-keys.ts';
import { hasPress } from './unsent-input.ts';

/** The pause before the gate checks again whether a dialog is gone, or a burst is over. */
const DIALOG_MS = 50;
const BURST_MS = 10;
/** The byte after the ESC of a sequence: `[`. */
const CSI = 0x5b;

/** The child gets the unchanged chunk at once. The gate reads it after that. */
export function passChunk(gate: GateState, chunk: Buffer, destination: Destination): void {
  gate.options.deliver(chunk);
  const keys = readPassedChunk(gate.cut, chunk);
  addKeys(gate, keys, destination);
  if (hasPress(keys.toString('latin1'))) gate.presses += 1;
}

/** Keys wait, except answers to a dialog. The terminal's own reports pass. */
export function holdChunk(gate: GateState, chunk: Buffer): void {
  const { bursts, cut, options } = gate;
  const pasteDestination = cut.classifier.isPasting() ? bursts.openPaste()?.destination : undefined;
  const wasAnswering = gate.isAnswering;
  gate.isAnswering =
    gate.phase === 'holding' &&
    (pasteDestination === undefined ? answersDialog(gate) : pasteDestination === 'dialog');
  if (gate.isAnswering) {
    queueSequence(gate);
    return passChunk(gate, chunk, 'dialog');
  }
  // The last answer looked like the beginning of a sequence. No rest has come, so it was a key, such as Escape.
  if (wasAnswering && pasteDestination === undefined && chunk[0] !== CSI) endSequence(cut);
  const { reports, keys, passedOn } = readWaitingChunk(cut, chunk);
  const text = keys.toString('latin1');
  if (hasPress(text)) gate.lastPressAt = options.ticks();
  // The child has the beginning of a sequence, and reads the next bytes as its rest. So it gets the rest first.
  const begun = lengthOfBegun(gate, text, passedOn);
  if (begun > passedOn) options.deliver(keys.subarray(passedOn, begun));
  if (reports.length > 0) options.deliver(reports);
  addKeys(gate, keys.subarray(0, begun), 'queued', begun);
  addKeys(gate, keys.subarray(begun), 'queued');
}

/** Gives the held keys to the child, when the last key is complete and no dialog of the child is open. */
export function giveHeldKeys(gate: GateState): void {
  const { options, cut } = gate;
  if (gate.phase !== 'releasing' || gate.retry !== undefined) return;
  if (isUnfinished(gate)) return retryIn(gate, BURST_MS);
  if (options.dialogSince() !== undefined) return retryIn(gate, DIALOG_MS);
  queueSequence(gate);
  gate.phase = 'passing';
  const keys = takeQueue(gate);
  if (keys !== '') options.deliverHeld(keys);
  passSequence(cut, options.deliver);
}

function retryIn(gate: GateState, ms: number): void {
  const mine = {};
  gate.retry = mine;
  gate.options.after(ms, () => {
    if (gate.retry !== mine) return;
    gate.retry = undefined;
    giveHeldKeys(gate);
  });
}

/** How many bytes of the keys are the rest of a sequence or paste whose beginning the child has. */
function lengthOfBegun({ bursts }: GateState, keys: string, passedOn: number): number {
  if (bursts.openPaste()?.isBegun) {
    const end = keys.indexOf(PASTE_END);
    return end < 0 ? keys.length : end + PASTE_END.length;
  }
  if (passedOn === 0) return 0;
  for (const { bytes } of readComposerKeys(keys)) return bytes.length;
  return 0;
}
