import type { ComposerKey } from '../../codex/composer-keys.ts';
import { MOST_KEPT, NOT_KEPT, type OpenPaste } from './open-paste.ts';
import { type BurstKey, renderBurst, type Side, sendsPrompt, writesText } from './render-burst.ts';

/** Keys that later keys cannot change any more. */
export interface FinishedKeys<Tag> {
  keys: string;
  tag: Tag;
  /** So many of their bytes the child has. */
  passedOn: number;
}

/** What a burst reader has read and not handed out. */
export interface BurstState<Tag> {
  finished: FinishedKeys<Tag>[];
  burst: BurstKey<Tag>[];
  /** How much text came in the burst, and how many bytes, with the keys that were taken out of it before its end. */
  characters: number;
  bytes: number;
  /** When the newest key came. */
  lastAt: number;
  isAfterPaste: boolean;
  paste: OpenPaste<Tag> | undefined;
  /** How many entries of `finished` and of `burst` are queued. Each chunk asks, so they are counted. */
  queued: { finished: number; burst: number };
}

/** Keys that come within this time were not typed one after the other: xdotool needs 12 ms, ydotool 20. */
const BURST_MS = 25;
/** Codex takes an Enter so soon after a burst for a line break (fact 83). */
const ENTER_MS = 120;
/** After so many characters of a burst an Enter is waited for. */
const LEAST_CHARACTERS = 3;

/** How long no key may come before the burst has ended. */
export function timeToEnd({ characters }: BurstState<unknown>): number {
  return characters >= LEAST_CHARACTERS ? ENTER_MS : BURST_MS;
}

export function addKey<Tag extends { side: Side }>(
  state: BurstState<Tag>,
  key: ComposerKey,
  atMs: number,
  tag: Tag,
): void {
  const gap = atMs - state.lastAt;
  const isLateEnter = sendsPrompt(key) && state.characters >= LEAST_CHARACTERS && gap <= ENTER_MS;
  if (gap > BURST_MS && !isLateEnter) endBurst(state);
  state.lastAt = atMs;
  // The end of a bracketed paste is known, so an Enter behind it is a key, however soon it comes.
  const isAlone = state.isAfterPaste && sendsPrompt(key);
  state.isAfterPaste = false;
  if (isAlone) return finishKeys(state, key.bytes, tag);
  state.bytes += key.bytes.length;
  if (key.kind === 'text') state.characters += key.bytes.length;
  const isQueued = tag.side === 'queued';
  if (!isQueued && state.bytes > MOST_KEPT) {
    state.burst = [{ key: NOT_KEPT, tag }];
    return;
  }
  const last = state.burst.at(-1);
  if (last?.tag === tag && !writesText(last.key) && !writesText(key)) {
    // Both come out as they came. One entry for the two saves memory: a chunk may have a million of them.
    last.key = { kind: 'other', bytes: last.key.bytes + key.bytes };
    return;
  }
  if (isQueued) state.queued.burst += 1;
  state.burst.push({ key, tag });
}

export function endBurst<Tag extends { side: Side }>(state: BurstState<Tag>): void {
  state.queued.burst = 0;
  for (const { keys, tag } of renderBurst(state.burst, state.characters)) {
    finishKeys(state, keys, tag);
  }
  state.burst = [];
  state.characters = 0;
  state.bytes = 0;
}

export function finishKeys<Tag extends { side: Side }>(
  { finished, queued }: BurstState<Tag>,
  keys: string,
  tag: Tag,
  passedOn = 0,
): void {
  const last = finished.at(-1);
  if (passedOn === 0 && last?.tag === tag && last.passedOn === 0) {
    // Both are of one chunk, so nothing tells them apart later.
    last.keys += keys;
    return;
  }
  finished.push({ keys, tag, passedOn });
  if (tag.side === 'queued') queued.finished += 1;
}
