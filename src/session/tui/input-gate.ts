import { passSequence } from './cut-sequence.ts';
import { destinationInChild } from './dialog-keys.ts';
import type { ChildRecord } from './follow-threads.ts';
import { type GateOptions, isUnfinished, openGateState } from './gate-state.ts';
import { giveHeldKeys, holdChunk, passChunk } from './held-keys.ts';
import { passToListener } from './next-key.ts';
import {
  endOldSequence,
  hasWaitingKeys,
  queueSequence,
  queueUnsentInput,
  sortKeys,
} from './typed-keys.ts';

/** Passes the user's bytes to the living child, or queues them for its successor. */
export interface InputGate {
  feed(chunk: Buffer): void;
  /** From now on keys wait, except answers to a successor's dialog. The terminal's own reports still pass. */
  hold(): void;
  /** Keys pass again, the held keys first. They wait while a dialog is open, because they do not answer it. */
  release(): void;
  /**
   * The child has ended. Input that its thread does not have goes to its successor, before all other keys.
   * @param record of its threads; undefined if it has none.
   */
  keepUnsentInput(record: ChildRecord | undefined): void;
  /** Calls back at the next key, once. Codex does not get an Escape or Ctrl-C then, as that key would end a turn. */
  onNextKey(listener: (() => void) | undefined): void;
  /** As far as keys tell, the composer is empty. */
  isBlank(): boolean;
  /** How many times keys have come so far. */
  presses(): number;
}

/**
 * Codex drops keys that come before it has drawn, so keys wait while a child starts. A paste goes to one child from its
 * beginning to its end, also when a chunk, a hold or the end of a child cuts it.
 */
export function createInputGate(options: GateOptions): InputGate {
  const gate = openGateState(options);
  return {
    feed(chunk) {
      endOldSequence(gate);
      sortKeys(gate);
      const followsHeld =
        gate.phase === 'releasing' && (options.dialogSince() === undefined || isUnfinished(gate));
      gate.lastChunkAt = options.ticks();
      if (gate.phase === 'holding' || followsHeld) return holdChunk(gate, chunk);
      if (gate.keyListener !== undefined) return passToListener(gate, chunk);
      queueSequence(gate);
      passChunk(gate, chunk, destinationInChild(options));
    },
    hold() {
      if (gate.phase === 'holding') return;
      gate.phase = 'holding';
      gate.retry = undefined;
      endOldSequence(gate);
    },
    release() {
      if (gate.phase !== 'holding') return;
      gate.isAnswering = false;
      gate.phase = hasWaitingKeys(gate) ? 'releasing' : 'passing';
      giveHeldKeys(gate);
    },
    // Held keys are not in the composer: a lost prompt may still be typed before them.
    isBlank() {
      sortKeys(gate);
      return gate.unsent.isEmpty() && !gate.bursts.hasDelivered() && gate.phase !== 'releasing';
    },
    presses: () => gate.presses,
    onNextKey(listener) {
      if (listener === undefined && gate.keyListener !== undefined) {
        passSequence(gate.cut, options.deliver);
      }
      gate.keyListener = listener;
    },
    keepUnsentInput: (record) => queueUnsentInput(gate, record),
  };
}
