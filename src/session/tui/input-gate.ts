import { ESCAPE, PASTE_END, readComposerKeys } from '../../codex/composer-keys.ts';
import type { InputClassifier } from '../../observe/keys.ts';
import { createBurstReader, type Settled, type Side } from './bursts.ts';
import type { ChildRecord } from './follow-threads.ts';
import { createUnsentInput, hasPress, type Moment } from './unsent-input.ts';

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
  /** The same for keys that have waited, as latin-1. */
  deliverHeld(keys: string): void;
  classifier: InputClassifier;
  /** The living child is in the middle of a turn, as far as it is known: prompts wait for the end of it. */
  isTurnRunning(): boolean;
  /** A dialog of the living child has the keys: since when (as `ticks`). */
  dialogSince(): number | undefined;
  /** Whether that child is one to stay: what is typed at its dialog is meant for it, though keys are held. */
  takesAnswers(): boolean;
  /** Epoch milliseconds, as the record has them. */
  now(): number;
  /** Milliseconds on a clock that only goes forward. */
  ticks(): number;
  after(ms: number, act: () => void): void;
}

/** Who is in the middle of a sentence when a dialog comes up does not answer it: a pause so long is needed first. */
const PAUSE_MS = 500;
/** How often it is looked whether the dialog is gone, or the paste over. */
const LOOK_MS = 50;
const BURST_LOOK_MS = 10;
/** Shorter than this a dialog is none, but a frame that is being drawn. */
const FRAME_MS = 100;
/** A sequence is sent in one go: the rest of one that was cut comes sooner, and an ESC without it is the Escape key. */
const CUT_MS = 50;
/** The rest of a paste that has not come for so long is not waited for. */
const STALL_MS = 1000;

interface Keys {
  side: Side;
  moment: Moment;
}

interface Waiting {
  keys: string;
  /** The living child has so many bytes of them already: all, or none. */
  passedOn: number;
  /** Given only with text behind them. */
  isShort?: boolean;
}

/**
 * Keys given to a Codex that has not drawn yet would be lost, for it throws away what was typed before its start. A paste
 * goes to one child, from its beginning to its end, wherever the chunks, the hold and the end of the child before cut it.
 */
export function createInputGate(options: GateOptions): InputGate {
  const { deliver, deliverHeld, classifier, dialogSince, now, ticks } = options;
  const draft = createUnsentInput();
  const bursts = createBurstReader<Keys>();
  let queue: Waiting[] = [];
  let held = false;
  /** Not held any more, but what has waited is not given yet. */
  let isGathering = false;
  let typed: (() => void) | undefined;
  let presses = 0;
  let lastPressAt = Number.NEGATIVE_INFINITY;
  let lastChunkAt = Number.NEGATIVE_INFINITY;
  /** The keys typed last were an answer. */
  let isAnswering = false;
  /** So many bytes of what the classifier keeps were given to the living child, or to the one before. */
  let passedOn = 0;
  let passedBefore = 0;
  /** Looks again after a while; a new one each time that keys are held. */
  let watching: object | undefined;

  /** Where keys belong, as far as it is known by now: to the draft, or into the queue. */
  function sort(settled: Settled<Keys>[] = bursts.take(ticks())): void {
    for (const { keys, tag, passedOn: passed } of settled) {
      if (tag.side === 'given') draft.note(keys, tag.moment);
      if (tag.side === 'queued') queue.push({ keys, passedOn: passed });
    }
  }

  function note(keys: Buffer, side: Side, passed = 0): void {
    if (keys.length > 0) {
      const moment = { at: now(), isTurnRunning: options.isTurnRunning() };
      bursts.add(keys.toString('latin1'), ticks(), { side, moment }, passed);
    }
    sort();
  }

  /** A chunk that the child has not; it may have the beginning of a sequence whose rest is in it. */
  function classify(chunk: Buffer): { reports: Buffer; keys: Buffer; passed: number } {
    const { reports, keys } = classifier.feed(chunk);
    const first = classifier.cameFirst();
    if (first === undefined) return { reports, keys, passed: 0 };
    const passed = passedOn;
    passedOn = 0;
    passedBefore = 0;
    return first === 'report'
      ? { reports: reports.subarray(passed), keys, passed: 0 }
      : { reports, keys, passed };
  }

  /** What came so long ago is a key by itself, such as Escape. */
  function settlePending(): void {
    if (ticks() - lastChunkAt < CUT_MS || classifier.isPasting()) return;
    if (classifier.pending() > passedOn) return typed === undefined ? queuePending() : undefined;
    passedOn = 0;
    note(classifier.flush(), isInDialog() ? 'dialog' : 'given');
  }

  /** What looked like the beginning of a sequence is none: it waits with the other keys. */
  function queuePending(): void {
    if (classifier.isPasting() || classifier.pending() <= passedOn) return;
    const [passed, before] = [passedOn, passedBefore];
    passedOn = 0;
    passedBefore = 0;
    const keys = classifier.flush();
    // Pressed in the child before, and to be pressed once.
    if (keys.length > before) note(keys, 'queued', passed);
  }

  /** The child gets what the classifier keeps, which goes on keeping it for what follows. */
  function passPending(): void {
    const kept = classifier.flush();
    if (kept.length > passedOn) deliver(kept.subarray(passedOn));
    classifier.feed(kept);
    passedOn = kept.length;
  }

  function tellTyped(): void {
    const tell = typed;
    typed = undefined;
    tell?.();
  }

  function answers(): boolean {
    const opened = options.takesAnswers() ? dialogSince() : undefined;
    if (opened === undefined) return false;
    return isAnswering || ticks() - Math.max(opened, lastPressAt) >= PAUSE_MS;
  }

  /** What is typed there stands in no composer. */
  function isInDialog(): boolean {
    const since = dialogSince();
    return since !== undefined && ticks() - since >= FRAME_MS;
  }

  function hasWaiting(): boolean {
    return queue.length > 0 || bursts.hasQueued() || classifier.pending() > passedOn;
  }

  /** More may come of what came last. */
  function isUnfinished(): boolean {
    const quiet = ticks() - lastChunkAt;
    if (classifier.isPasting()) return quiet < STALL_MS;
    return quiet <= Math.max(bursts.quietMs(), classifier.pending() > 0 ? CUT_MS : -1);
  }

  function giveHeld(): void {
    if (held || !isGathering || watching !== undefined) return;
    if (isUnfinished()) return watch(BURST_LOOK_MS);
    if (dialogSince() !== undefined) return watch(LOOK_MS);
    queuePending();
    sort(bursts.take(Number.POSITIVE_INFINITY));
    isGathering = false;
    // A paste that has stalled goes on where it is.
    const rest = bursts.open()?.rest() ?? '';
    if (queue[0]?.isShort && rest === '' && !queue.slice(1).some(hasText)) queue.shift();
    const moment = { at: now(), isTurnRunning: options.isTurnRunning() };
    for (const { keys } of queue) draft.note(keys, moment);
    const keys = queue
      .map((waiting, index) => bytesOf(waiting, index < queue.length - 1 || rest !== ''))
      .join('');
    queue = [];
    if (keys !== '' || rest !== '') deliverHeld(keys + rest);
    bursts.passOpen(true);
    passPending();
  }

  function watch(ms: number): void {
    const mine = {};
    watching = mine;
    options.after(ms, () => {
      if (watching !== mine) return;
      watching = undefined;
      giveHeld();
    });
  }

  function feedDirectly(chunk: Buffer, side: Side): void {
    // Untouched and at once: nothing is looked at before it is on its way.
    deliver(chunk);
    const { keys } = classifier.feed(chunk);
    passedOn = classifier.pending();
    note(keys, side);
    if (hasPress(keys.toString('latin1'))) presses += 1;
  }

  function feedHeld(chunk: Buffer): void {
    const pasting = classifier.isPasting() ? bursts.open()?.side : undefined;
    const wasAnswering = isAnswering;
    isAnswering = held && (pasting === undefined ? answers() : pasting === 'dialog');
    if (isAnswering) {
      queuePending();
      return feedDirectly(chunk, 'dialog');
    }
    // An answer that looks like the beginning of a sequence, such as Escape, was one.
    if (wasAnswering && pasting === undefined && chunk[0] !== CSI) {
      classifier.flush();
      passedOn = 0;
    }
    const { reports, keys, passed } = classify(chunk);
    if (hasPress(keys.toString('latin1'))) lastPressAt = ticks();
    // What the child has begun to read it reads to the end, or what follows would be taken for a part of that.
    const begun = lengthOfBegun(keys.toString('latin1'), passed);
    if (begun > passed) deliver(keys.subarray(passed, begun));
    if (reports.length > 0) deliver(reports);
    note(keys.subarray(0, begun), 'queued', begun);
    note(keys.subarray(begun), 'queued');
  }

  /** How many bytes of these are the rest of a sequence or a paste that the child has the beginning of. */
  function lengthOfBegun(keys: string, passed: number): number {
    if (bursts.open()?.isBegun) {
      const end = keys.indexOf(PASTE_END);
      return end < 0 ? keys.length : end + PASTE_END.length;
    }
    if (passed === 0) return 0;
    for (const { bytes } of readComposerKeys(keys)) return bytes.length;
    return 0;
  }

  /** Key by key, as the next one may be for us: the beginning of a paste looks like Escape. */
  function feedWarily(chunk: Buffer): void {
    const { reports, keys, passed } = classify(chunk);
    if (reports.length > 0) deliver(reports);
    takeWarily(keys, passed);
    if (typed === undefined || classifier.pending() <= passedOn) return;
    const mine = typed;
    options.after(CUT_MS, () => {
      const isCut = typed === mine && !held && ticks() - lastChunkAt >= CUT_MS;
      if (!isCut || classifier.isPasting() || classifier.pending() <= passedOn) return;
      const passedThen = passedOn;
      passedOn = 0;
      takeWarily(classifier.flush(), passedThen);
    });
  }

  function takeWarily(keys: Buffer, passed: number): void {
    if (keys.length === 0) return;
    if (passed === 0 && CANCELS.test(keys.toString('latin1'))) return tellTyped();
    deliver(keys.subarray(passed));
    note(keys, isInDialog() ? 'dialog' : 'given');
    if (!hasPress(keys.toString('latin1'))) return;
    presses += 1;
    passPending();
    tellTyped();
  }

  return {
    feed(chunk) {
      settlePending();
      sort();
      const follows = isGathering && (dialogSince() === undefined || isUnfinished());
      lastChunkAt = ticks();
      if (held || follows) return feedHeld(chunk);
      if (typed !== undefined) return feedWarily(chunk);
      queuePending();
      feedDirectly(chunk, isInDialog() ? 'dialog' : 'given');
    },
    hold() {
      if (held) return;
      held = true;
      isGathering = false;
      watching = undefined;
      settlePending();
    },
    release() {
      if (!held) return;
      held = false;
      isAnswering = false;
      isGathering = hasWaiting();
      giveHeld();
    },
    // What is held has not reached the composer: a lost prompt may still be typed before it.
    isBlank() {
      sort();
      return draft.isEmpty() && !bursts.hasGiven() && (held || !isGathering);
    },
    presses: () => presses,
    onNextKey(listener) {
      if (listener === undefined && typed !== undefined) passPending();
      typed = listener;
    },
    keepDraft(record) {
      sort(bursts.takeGiven());
      bursts.passOpen(false);
      passedBefore = Math.max(passedBefore, passedOn);
      passedOn = 0;
      for (const waiting of queue) waiting.passedOn = 0;
      const { keys, isShort } = draft.take(record);
      if (keys !== '') queue.unshift({ keys, passedOn: 0, isShort });
    },
  };
}

/** What the child has not got of it yet. Codex would take a lone Escape for Alt with the key behind it. */
function bytesOf({ keys, passedOn }: Waiting, isFollowed: boolean): string {
  return keys === '\u001b' && passedOn === 0 && isFollowed ? ESCAPE : keys.slice(passedOn);
}

function hasText({ keys }: Waiting): boolean {
  for (const { kind } of readComposerKeys(keys))
    if (kind === 'text' || kind === 'paste') return true;
  return false;
}

/** What stands behind the ESC of a sequence: `[`. */
const CSI = 0x5b;

/** Escape or Ctrl-C alone, as bytes or as kitty keys. */
const CANCELS = /^(?:\u001b|\u0003|\u001b\[27(?:;1)?(?::1)?u|\u001b\[99;5(?::1)?u)$/;
