import { ESCAPE, readComposerKeys } from '../../codex/composer-keys.ts';
import { endSequence, forgetChild, hasWaitingPart } from './cut-sequence.ts';
import { destinationInChild } from './dialog-keys.ts';
import type { ChildRecord } from './follow-threads.ts';
import { CUT_MS, type GateState, type QueuedKeys } from './gate-state.ts';
import type { Destination } from './render-burst.ts';
import type { Moment } from './unsent-input.ts';

// A typed key is in one of three places: a burst that may go on, the unsent input of the child, or the queue.

/** @param passedOn how many of their first bytes the child has. */
export function addKeys(
  gate: GateState,
  keys: Buffer,
  destination: Destination,
  passedOn = 0,
): void {
  if (keys.length > 0) {
    const tag = { destination, moment: momentOf(gate) };
    gate.bursts.add(keys.toString('latin1'), gate.options.ticks(), tag, passedOn);
  }
  sortKeys(gate);
}

/** Moves finished keys from the bursts to the unsent input or the queue. */
export function sortKeys(
  { bursts, unsent, queue, options }: GateState,
  finished = bursts.takeFinished(options.ticks()),
): void {
  for (const { keys, tag, passedOn } of finished) {
    if (tag.destination === 'delivered') unsent.addKeys(keys, tag.moment);
    if (tag.destination === 'queued') queue.push({ keys, passedOn });
  }
}

/** If no rest of the cut sequence has come in time, its beginning is a key, such as Escape. */
export function endOldSequence(gate: GateState): void {
  const { cut, options } = gate;
  if (options.ticks() - gate.lastChunkAt < CUT_MS || cut.classifier.isPasting()) return;
  if (!hasWaitingPart(cut)) addKeys(gate, endSequence(cut).keys, destinationInChild(options));
  else if (gate.keyListener === undefined) queueSequence(gate);
}

/** The beginning of a sequence is a key if the child does not have it. It waits with the other keys. */
export function queueSequence(gate: GateState): void {
  const { cut } = gate;
  if (cut.classifier.isPasting() || !hasWaitingPart(cut)) return;
  const { passedBefore } = cut;
  cut.passedBefore = 0;
  const { keys, passedOn } = endSequence(cut);
  // When the child before has got all bytes of the key, it has read the key. No key may be read twice.
  if (keys.length > passedBefore) addKeys(gate, keys, 'queued', passedOn);
}

export function hasWaitingKeys({ queue, bursts, cut }: GateState): boolean {
  return queue.length > 0 || bursts.hasQueued() || hasWaitingPart(cut);
}

/** Empties the queue for the child. The child also gets a stalled paste so far. @returns latin-1. */
export function takeQueue(gate: GateState): string {
  const { bursts, unsent, queue } = gate;
  sortKeys(gate, bursts.takeFinished(Number.POSITIVE_INFINITY));
  const rest = bursts.openPaste()?.rest() ?? '';
  bursts.markOpenPaste(true);
  if (queue[0]?.isShort && rest === '' && !queue.slice(1).some(hasText)) queue.shift();
  const moment = momentOf(gate);
  for (const { keys } of queue) unsent.addKeys(keys, moment);
  gate.queue = [];
  const last = rest === '' ? queue.length - 1 : queue.length;
  return queue.map((waiting, index) => waitingBytes(waiting, index < last)).join('') + rest;
}

/**
 * The child has ended. Input that its thread does not have becomes the first in the queue.
 * @param record of its threads; undefined if it had none.
 */
export function queueUnsentInput(gate: GateState, record: ChildRecord | undefined): void {
  const { bursts, unsent, queue, cut } = gate;
  sortKeys(gate, bursts.takeDelivered());
  bursts.markOpenPaste(false);
  forgetChild(cut);
  for (const waiting of queue) waiting.passedOn = 0;
  const { keys, isShort } = unsent.takeUnsent(record);
  if (keys !== '') queue.unshift({ keys, passedOn: 0, isShort });
}

function momentOf({ options }: GateState): Moment {
  return { at: options.now(), isTurnRunning: options.isTurnRunning() };
}

/** The bytes that the child does not have. Codex would read a lone Escape before another key as Alt with that key. */
function waitingBytes({ keys, passedOn }: QueuedKeys, isFollowed: boolean): string {
  return keys === '\u001b' && passedOn === 0 && isFollowed ? ESCAPE : keys.slice(passedOn);
}

function hasText({ keys }: QueuedKeys): boolean {
  for (const { kind } of readComposerKeys(keys))
    if (kind === 'text' || kind === 'paste') return true;
  return false;
}
