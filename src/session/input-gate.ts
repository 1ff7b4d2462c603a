import type { InputClassifier } from '../observe/keys.ts';
import { createDraft, hasPress } from './draft.ts';
import type { ChildRecord } from './follow.ts';

/** Where the user's bytes go: to the living child, or into a queue for whoever comes next. */
export interface InputGate {
  feed(chunk: Buffer): void;
  /** From now on keys wait, but for answers to a successor's dialog; the terminal's own answers still pass. */
  hold(): void;
  /** Keys pass again; what has waited goes first, or after the dialog that is open: it is not an answer to that. */
  release(): void;
  /**
   * The child has ended: what it was given and its thread has not goes to its successor, before all else.
   * @param record what its threads tell; undefined if it has come to none.
   */
  keepDraft(record: ChildRecord | undefined): void;
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
  /** The living child is in the middle of a turn, as far as it is known: prompts wait for the end of it. */
  isTurnRunning(): boolean;
  /** A dialog of the living child has the keys: since when (as `now`). */
  dialogSince(): number | undefined;
  /** Whether that child is one to stay: what is typed at its dialog is meant for it, though keys are held. */
  takesAnswers(): boolean;
  /** Epoch milliseconds. */
  now(): number;
  after(ms: number, act: () => void): void;
}

/** Who is in the middle of a sentence when a dialog comes up does not answer it: a pause so long is needed first. */
const PAUSE_MS = 500;
/** How often it is looked whether the dialog is gone. */
const LOOK_MS = 50;
/** Shorter than this a dialog is none, but a frame that is being drawn. */
const FRAME_MS = 100;

/** Keys given to a Codex that has not drawn yet would be lost, for it throws away what was typed before its start. */
export function createInputGate(options: GateOptions): InputGate {
  const { deliver, deliverHeld, classifier, dialogSince, now } = options;
  const queue: Buffer[] = [];
  const draft = createDraft();
  let held = false;
  let typed: (() => void) | undefined;
  let presses = 0;
  let lastPressAt = 0;
  /** The keys typed last were an answer. */
  let isAnswering = false;
  /** Looks for the end of a dialog; a new one each time that keys are held. */
  let watching: object | undefined;
  /** The beginning of a sequence whose rest had not come when keys began to wait: the child has it already. */
  let begun: Buffer = Buffer.alloc(0);

  /** Takes `begun` off whichever part it has come out of the classifier with. */
  function withoutBegun(bytes: Buffer): Buffer {
    if (begun.length === 0 || !bytes.subarray(0, begun.length).equals(begun)) return bytes;
    const rest = bytes.subarray(begun.length);
    begun = Buffer.alloc(0);
    return rest;
  }

  function note(keys: Buffer): void {
    draft.note(keys, { at: now(), isTurnRunning: options.isTurnRunning() });
  }

  function tellTyped(): void {
    const tell = typed;
    typed = undefined;
    tell?.();
  }

  function answers(): boolean {
    const opened = options.takesAnswers() ? dialogSince() : undefined;
    if (opened === undefined) return false;
    return isAnswering || now() - Math.max(opened, lastPressAt) >= PAUSE_MS;
  }

  /** What looked like the beginning of a sequence, such as Escape, waits with the other keys. */
  function holdRest(): void {
    const rest = withoutBegun(classifier.flush());
    begun = Buffer.alloc(0);
    if (rest.length > 0) queue.push(rest);
  }

  /** What is typed there stands in no composer. */
  function isInDialog(): boolean {
    const since = dialogSince();
    return since !== undefined && now() - since >= FRAME_MS;
  }

  function giveHeld(): void {
    if (held || queue.length === 0 || watching !== undefined) return;
    if (dialogSince() !== undefined) return watchDialog();
    const keys = Buffer.concat(queue.splice(0));
    note(keys);
    deliverHeld(keys);
  }

  function watchDialog(): void {
    const mine = {};
    watching = mine;
    options.after(LOOK_MS, () => {
      if (watching !== mine) return;
      watching = undefined;
      giveHeld();
    });
  }

  return {
    feed(chunk) {
      if (!held) {
        if (typed !== undefined && CANCELS.test(chunk.toString('latin1'))) return tellTyped();
        // Untouched and at once: nothing is looked at before it is on its way.
        deliver(chunk);
        const { keys } = classifier.feed(chunk);
        if (!isInDialog()) note(keys);
        if (hasPress(keys)) {
          presses += 1;
          tellTyped();
        }
        return;
      }
      isAnswering = answers();
      if (isAnswering) {
        holdRest();
        return deliver(chunk);
      }
      const classified = classifier.feed(chunk);
      const [reports, keys] = [withoutBegun(classified.reports), withoutBegun(classified.keys)];
      if (reports.length > 0) deliver(reports);
      if (hasPress(keys)) lastPressAt = now();
      if (keys.length > 0) queue.push(keys);
    },
    hold() {
      if (held) return;
      held = true;
      watching = undefined;
      begun = classifier.flush();
      classifier.feed(begun);
    },
    release() {
      if (!held) return;
      held = false;
      isAnswering = false;
      holdRest();
      giveHeld();
    },
    // What is held has not reached the composer: a lost prompt may still be typed before it.
    isBlank: () => draft.isEmpty() && (held || queue.length === 0),
    presses: () => presses,
    onNextKey(listener) {
      typed = listener;
    },
    keepDraft(record) {
      queue.unshift(draft.take(record));
    },
  };
}

/** Escape or Ctrl-C alone, as bytes or as kitty keys. */
const CANCELS = /^(?:\u001b|\u0003|\u001b\[27(?:;1)?(?::1)?u|\u001b\[99;5(?::1)?u)$/;
