import type { InputClassifier } from '../../observe/keys.ts';
import { type BurstReader, createBurstReader } from './bursts.ts';
import type { CutSequence } from './cut-sequence.ts';
import { createUnsentInput, type UnsentInput } from './unsent-input.ts';

export interface GateOptions {
  /** Hands bytes to the living child. Does nothing when no child lives. */
  deliver(bytes: Buffer): void;
  /** The same for keys that have waited. @param keys latin-1. */
  deliverHeld(keys: string): void;
  classifier: InputClassifier;
  /** As far as we know, a turn of the living child runs. Codex queues a prompt until that turn ends. */
  isTurnRunning(): boolean;
  /** Since when a dialog of the living child has the keys, on the clock of `ticks`. */
  dialogSince(): number | undefined;
  /** The living child is to stay. So keys at its dialog are meant for the child, though keys are held. */
  takesAnswers(): boolean;
  /** Epoch milliseconds, for a comparison with the record. */
  now(): number;
  /** Milliseconds on a clock that only goes forward. */
  ticks(): number;
  after(ms: number, act: () => void): void;
}

/** The state that the files of the input gate share. */
export interface GateState {
  readonly options: GateOptions;
  /** `releasing`: keys are not held any more, but the child does not have the held keys yet. */
  phase: 'passing' | 'holding' | 'releasing';
  readonly cut: CutSequence;
  readonly bursts: BurstReader;
  /** Keys that the child has and its thread does not have. */
  readonly unsent: UnsentInput;
  /** Keys that wait for a child. */
  queue: QueuedKeys[];
  /** Is called at the next key. */
  keyListener: (() => void) | undefined;
  /** The newest keys answered a dialog. */
  isAnswering: boolean;
  presses: number;
  /** On the clock of `ticks`. */
  lastPressAt: number;
  lastChunkAt: number;
  /** Stands for the timer that gives the held keys. A new hold makes the timer void. */
  retry: object | undefined;
}

export interface QueuedKeys {
  keys: string;
  /** How many of their bytes the living child has: all, or none. */
  passedOn: number;
  /** They are so short that they may have answered a dialog. They are given only if text follows. */
  isShort?: boolean;
}

export function openGateState(options: GateOptions): GateState {
  return {
    options,
    phase: 'passing',
    cut: { classifier: options.classifier, passedOn: 0, passedBefore: 0 },
    bursts: createBurstReader(),
    unsent: createUnsentInput(),
    ...{ queue: [], keyListener: undefined, isAnswering: false, presses: 0, retry: undefined },
    ...{ lastPressAt: Number.NEGATIVE_INFINITY, lastChunkAt: Number.NEGATIVE_INFINITY },
  };
}

/** A terminal sends a sequence at once, so the rest of a cut one comes sooner. An ESC without a rest is the Escape key. */
export const CUT_MS = 50;
/** A paste without more bytes for so long has stalled. The gate does not wait for its rest. */
const STALL_MS = 1000;

/** The rest of the newest keys may still come. */
export function isUnfinished({ options, cut, bursts, lastChunkAt }: GateState): boolean {
  const quiet = options.ticks() - lastChunkAt;
  if (cut.classifier.isPasting()) return quiet < STALL_MS;
  return quiet <= Math.max(bursts.quietMs(), cut.classifier.pending() > 0 ? CUT_MS : -1);
}
