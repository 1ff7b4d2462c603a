import type { ComposerKey } from '../../codex/composer-keys.ts';
import { MOST_KEPT, NOT_KEPT, type OpenPaste } from './open-paste.ts';
import {
  type BurstKey,
  type KeyTag,
  renderBurst,
  sendsPrompt,
  writesText,
} from './render-burst.ts';

/** Keys whose form no later key can change. */
export interface FinishedKeys {
  keys: string;
  tag: KeyTag;
  /** So many of their bytes the child has. */
  passedOn: number;
}

/** The keys that a burst reader has read and not handed out. */
export interface BurstState {
  finished: FinishedKeys[];
  burst: BurstKey[];
  /** The characters of text and the bytes of the burst, with the keys that were taken out of it before its end. */
  characters: number;
  bytes: number;
  /** The time of the newest key. */
  lastAt: number;
  isAfterPaste: boolean;
  paste: OpenPaste | undefined;
  /** How many entries of `finished` and of `burst` are queued. Each chunk asks for it, so it is counted. */
  queued: { finished: number; burst: number };
}

/** Keys with a shorter pause between them are a burst: xdotool pauses 12 ms, ydotool 20. */
const BURST_MS = 25;
/** Codex reads an Enter so soon after a burst as a line break (fact 83). */
const ENTER_MS = 120;
/** A burst of so many characters also takes an Enter that comes within ENTER_MS. */
const LEAST_CHARACTERS = 3;

/** The burst has ended after so many milliseconds without a key. */
export function timeToEnd({ characters }: BurstState): number {
  return characters >= LEAST_CHARACTERS ? ENTER_MS : BURST_MS;
}

export function addKey(state: BurstState, key: ComposerKey, atMs: number, tag: KeyTag): void {
  const gap = atMs - state.lastAt;
  const isLateEnter = sendsPrompt(key) && state.characters >= LEAST_CHARACTERS && gap <= ENTER_MS;
  if (gap > BURST_MS && !isLateEnter) endBurst(state);
  state.lastAt = atMs;
  // The end of a bracketed paste is known, so an Enter right after it is a key.
  const isAlone = state.isAfterPaste && sendsPrompt(key);
  state.isAfterPaste = false;
  if (isAlone) return finishKeys(state, key.bytes, tag);
  state.bytes += key.bytes.length;
  if (key.kind === 'text') state.characters += key.bytes.length;
  const isQueued = tag.destination === 'queued';
  if (!isQueued && state.bytes > MOST_KEPT) {
    state.burst = [{ key: NOT_KEPT, tag }];
    return;
  }
  const last = state.burst.at(-1);
  if (last?.tag === tag && !writesText(last.key) && !writesText(key)) {
    // Both keys keep their form. One entry for both saves memory: a chunk may have a million keys.
    last.key = { kind: 'other', bytes: last.key.bytes + key.bytes };
    return;
  }
  if (isQueued) state.queued.burst += 1;
  state.burst.push({ key, tag });
}

export function endBurst(state: BurstState): void {
  state.queued.burst = 0;
  for (const { keys, tag } of renderBurst(state.burst, state.characters)) {
    finishKeys(state, keys, tag);
  }
  state.burst = [];
  state.characters = 0;
  state.bytes = 0;
}

export function finishKeys(
  { finished, queued }: BurstState,
  keys: string,
  tag: KeyTag,
  passedOn = 0,
): void {
  const last = finished.at(-1);
  if (passedOn === 0 && last?.tag === tag && last.passedOn === 0) {
    // Both are of one chunk, so they are never treated differently.
    last.keys += keys;
    return;
  }
  finished.push({ keys, tag, passedOn });
  if (tag.destination === 'queued') queued.finished += 1;
}
