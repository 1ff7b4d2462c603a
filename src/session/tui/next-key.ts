import { endSequence, hasWaitingPart, passSequence, readWaitingChunk } from './cut-sequence.ts';
import { destinationInChild } from './dialog-keys.ts';
import { CUT_MS, type GateState } from './gate-state.ts';
import { addKeys } from './typed-keys.ts';
import { hasPress } from './unsent-input.ts';

/** Escape or Ctrl-C alone, as bytes or as kitty keys. */
const CANCELS = /^(?:\u001b|\u0003|\u001b\[27(?:;1)?(?::1)?u|\u001b\[99;5(?::1)?u)$/;

/** Passes a chunk while a listener waits for a key. The beginning of a paste looks like Escape, so only whole keys count. */
export function passToListener(gate: GateState, chunk: Buffer): void {
  const { options, cut } = gate;
  const { reports, keys, passedOn } = readWaitingChunk(cut, chunk);
  if (reports.length > 0) options.deliver(reports);
  passKeys(gate, keys, passedOn);
  const { keyListener } = gate;
  if (keyListener === undefined || !hasWaitingPart(cut)) return;
  options.after(CUT_MS, () => {
    const isWaiting = gate.keyListener === keyListener && gate.phase !== 'holding';
    if (!isWaiting || options.ticks() - gate.lastChunkAt < CUT_MS) return;
    if (cut.classifier.isPasting() || !hasWaitingPart(cut)) return;
    const ended = endSequence(cut);
    passKeys(gate, ended.keys, ended.passedOn);
  });
}

function passKeys(gate: GateState, keys: Buffer, passedOn: number): void {
  const { options, cut } = gate;
  const text = keys.toString('latin1');
  if (text === '') return;
  if (passedOn === 0 && CANCELS.test(text)) return tellListener(gate);
  options.deliver(keys.subarray(passedOn));
  addKeys(gate, keys, destinationInChild(options));
  if (!hasPress(text)) return;
  gate.presses += 1;
  passSequence(cut, options.deliver);
  tellListener(gate);
}

function tellListener(gate: GateState): void {
  const tell = gate.keyListener;
  gate.keyListener = undefined;
  tell?.();
}
