import type { InputClassifier } from '../observe/keys.ts';
import { createDraft, hasPress } from './draft.ts';

/** Where the user's bytes go: to the living child, or into a queue for whoever comes next. */
export interface InputGate {
  feed(chunk: Buffer): void;
  /** From now on keys wait; the terminal's own answers still pass. */
  hold(): void;
  /** Keys pass again; what has waited goes first. */
  release(): void;
  /** The child is being ended: what it was typed and never sent goes to its successor, before all else. */
  keepDraft(): void;
  /** Calls back at the next key, once; Escape and Ctrl-C then go no further, as they would end more than was meant. */
  onNextKey(typed: (() => void) | undefined): void;
  /** Nothing unsent is in the composer, as far as keys tell. */
  isBlank(): boolean;
  /** How many times keys have come so far. */
  presses(): number;
}

export interface GateOptions {
  /** Hands bytes to the living child; a no-op when there is none. */
  deliver(bytes: Buffer): void;
  /** The same for bytes that have waited. */
  deliverHeld(bytes: Buffer): void;
  classifier: InputClassifier;
}

/** Keys given to a Codex that has not drawn yet would be lost, for it throws away what was typed before its start. */
export function createInputGate({ deliver, deliverHeld, classifier }: GateOptions): InputGate {
  const queue: Buffer[] = [];
  const draft = createDraft();
  let held = false;
  let typed: (() => void) | undefined;
  let presses = 0;
  /** The beginning of a sequence whose rest had not come when keys began to wait: the child has it already. */
  let begun: Buffer = Buffer.alloc(0);

  /** Takes `begun` off whichever part it has come out of the classifier with. */
  function withoutBegun(bytes: Buffer): Buffer {
    if (begun.length === 0 || !bytes.subarray(0, begun.length).equals(begun)) return bytes;
    const rest = bytes.subarray(begun.length);
    begun = Buffer.alloc(0);
    return rest;
  }

  function tellTyped(): void {
    const tell = typed;
    typed = undefined;
    tell?.();
  }

  return {
    feed(chunk) {
      if (!held) {
        if (typed !== undefined && CANCELS.test(chunk.toString('latin1'))) return tellTyped();
        // Untouched and at once: nothing is looked at before it is on its way.
        deliver(chunk);
        const { keys } = classifier.feed(chunk);
        draft.note(keys);
        if (hasPress(keys)) {
          presses += 1;
          tellTyped();
        }
        return;
      }
      const classified = classifier.feed(chunk);
      const [reports, keys] = [withoutBegun(classified.reports), withoutBegun(classified.keys)];
      if (reports.length > 0) deliver(reports);
      if (keys.length > 0) queue.push(keys);
    },
    hold() {
      if (held) return;
      held = true;
      begun = classifier.flush();
      classifier.feed(begun);
    },
    release() {
      if (!held) return;
      held = false;
      const keys = Buffer.concat([...queue.splice(0), withoutBegun(classifier.flush())]);
      begun = Buffer.alloc(0);
      if (keys.length === 0) return;
      draft.note(keys);
      deliverHeld(keys);
    },
    isBlank: () => draft.isEmpty(),
    presses: () => presses,
    onNextKey(listener) {
      typed = listener;
    },
    keepDraft() {
      queue.unshift(draft.take());
    },
  };
}

/** Escape or Ctrl-C alone, as bytes or as kitty keys. */
const CANCELS = /^(?:\u001b|\u0003|\u001b\[27(?:;1)?(?::1)?u|\u001b\[99;5(?::1)?u)$/;
