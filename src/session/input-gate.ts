import type { InputClassifier } from '../observe/keys.ts';
import { createDraft } from './draft.ts';

/** Where the user's bytes go: to the living child, or into a queue for the next one. */
export interface InputGate {
  feed(chunk: Buffer): void;
  /** From now on keys wait; the terminal's own answers still pass. */
  hold(): void;
  /** Keys pass again as soon as the child can take them. */
  release(): void;
  /** The child is gone, or not yet ready: what it was being typed and never sent goes to its successor first. */
  awaitSuccessor(): void;
  /** The child has drawn its first frame: what was typed ahead is delivered, in order. */
  successorReady(): void;
}

/**
 * @param deliver hands bytes to the living child (a no-op when there is none).
 * Keys given to a child that has not drawn yet would be lost: Codex throws away typed-ahead input when it starts.
 */
export function createInputGate(
  deliver: (bytes: Buffer) => void,
  classifier: InputClassifier,
): InputGate {
  const queue: Buffer[] = [];
  const draft = createDraft();
  let held = false;
  let ready = true;

  const flows = () => !held && ready;
  const drain = () => {
    if (!flows()) return;
    queue.push(classifier.flush());
    for (const bytes of queue.splice(0)) {
      if (bytes.length === 0) continue;
      draft.note(bytes);
      deliver(bytes);
    }
  };

  return {
    feed(chunk) {
      if (flows()) {
        // Untouched and at once: nothing is looked at before it is on its way.
        deliver(chunk);
        draft.note(classifier.feed(chunk).keys);
        return;
      }
      const { reports, keys } = classifier.feed(chunk);
      if (reports.length > 0) deliver(reports);
      if (keys.length > 0) queue.push(keys);
    },
    hold() {
      held = true;
    },
    release() {
      held = false;
      drain();
    },
    awaitSuccessor() {
      if (!ready) return;
      ready = false;
      queue.unshift(draft.take());
    },
    successorReady() {
      ready = true;
      drain();
    },
  };
}
