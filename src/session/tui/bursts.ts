import { PASTE_END, readComposerKeys } from '../../codex/composer-keys.ts';
import {
  addKey,
  type BurstState,
  endBurst,
  type FinishedKeys,
  finishKeys,
  timeToEnd,
} from './burst-state.ts';
import { addPiece, type OpenPaste, openPaste, renderPaste } from './open-paste.ts';
import { type Destination, type KeyTag, renderBurst } from './render-burst.ts';

/**
 * Distinguishes a paste without brackets from typing. Such pastes come from a terminal that has no bracketed paste, from
 * `tmux paste-buffer`, xdotool and dictation. They come faster than a person types. An Enter in such a burst is a line
 * break, because a paste must never send itself. An Enter after a pause is a key. Keys come out in order: a burst with line
 * breaks as a bracketed paste, all other keys unchanged.
 */
export interface BurstReader {
  /**
   * @param keys whole sequences as latin-1. A paste may come in pieces.
   * @param atMs the time of the keys, on a clock that only goes forward.
   * @param passedOn how many of their first bytes the child has.
   */
  add(keys: string, atMs: number, tag: KeyTag, passedOn?: number): void;
  /** The keys that no key at `nowMs` or later can change. */
  takeFinished(nowMs: number): FinishedKeys[];
  /** All keys except the queued keys. Their burst may go on: later keys still belong to it. */
  takeDelivered(): FinishedKeys[];
  /** A paste whose end has not come. `isBegun`: the child has its beginning. `rest`: the part that the child does not have. */
  openPaste(): { destination: Destination; isBegun: boolean; rest(): string } | undefined;
  /** The child has all of the open paste so far (true), or nothing of it (false). */
  markOpenPaste(isPassed: boolean): void;
  /** The last burst is finished after so many milliseconds without a key; 0 if no burst is left. */
  quietMs(): number;
  /** A queued key is left. */
  hasQueued(): boolean;
  /** A key that is not queued is left. */
  hasDelivered(): boolean;
}

export function createBurstReader(): BurstReader {
  const state: BurstState = {
    ...{ finished: [], burst: [], characters: 0, bytes: 0 },
    ...{ lastAt: Number.NEGATIVE_INFINITY, isAfterPaste: false, paste: undefined },
    queued: { finished: 0, burst: 0 },
  };
  return {
    add: (keys, atMs, tag, passedOn = 0) => addKeys(state, { keys, atMs, tag, passedOn }),
    takeFinished(nowMs) {
      if (nowMs - state.lastAt > timeToEnd(state)) endBurst(state);
      const { finished } = state;
      state.finished = [];
      state.queued.finished = 0;
      return finished;
    },
    takeDelivered: () => takeDelivered(state),
    openPaste() {
      if (state.paste === undefined) return undefined;
      const { tag, pieces, passedOn } = state.paste;
      const rest = () => pieces.join('').slice(passedOn);
      return { destination: tag.destination, isBegun: passedOn > 0, rest };
    },
    markOpenPaste(isPassed) {
      const { paste } = state;
      if (paste === undefined) return;
      paste.passedOn = isPassed ? paste.length : 0;
      paste.tag = { ...paste.tag, destination: isPassed ? 'delivered' : 'queued' };
    },
    quietMs: () => (state.burst.length === 0 && state.characters === 0 ? 0 : timeToEnd(state)),
    hasQueued: () => countQueued(state) > 0 || state.paste?.tag.destination === 'queued',
    hasDelivered: () =>
      state.finished.length + state.burst.length > countQueued(state) ||
      (state.paste !== undefined && isDelivered(state.paste)),
  };
}

interface Chunk extends FinishedKeys {
  atMs: number;
}

function addKeys(state: BurstState, chunk: Chunk): void {
  const { keys, atMs, tag } = chunk;
  let { passedOn } = chunk;
  let rest = keys;
  if (state.paste !== undefined) {
    const end = rest.indexOf(PASTE_END);
    const piece = end < 0 ? rest : rest.slice(0, end + PASTE_END.length);
    addPiece(state.paste, piece, tag, passedOn);
    if (end < 0) return;
    closePaste(state, state.paste, atMs);
    rest = rest.slice(piece.length);
    passedOn = 0;
  }
  for (const key of readComposerKeys(rest)) {
    if (key.kind === 'paste' || key.kind === 'open-paste') {
      endBurst(state);
      state.paste = openPaste(tag);
      addPiece(state.paste, key.bytes, tag, passedOn);
      if (key.kind === 'paste') closePaste(state, state.paste, atMs);
    } else if (passedOn > 0) {
      // The child has the beginning of this sequence, so the rest must come in the same form.
      endBurst(state);
      finishKeys(state, key.bytes, tag, passedOn);
    } else addKey(state, key, atMs, tag);
    passedOn = 0;
  }
}

function closePaste(state: BurstState, paste: OpenPaste, atMs: number): void {
  finishKeys(state, renderPaste(paste), paste.tag, paste.passedOn);
  state.paste = undefined;
  state.isAfterPaste = true;
  state.lastAt = atMs;
}

/** Queued keys come after the delivered keys, never between them. */
function takeDelivered(state: BurstState): FinishedKeys[] {
  const { finished, burst, characters } = state;
  state.finished = finished.filter((keys) => !isDelivered(keys));
  state.burst = burst.filter((key) => !isDelivered(key));
  return [
    ...finished.filter(isDelivered),
    ...renderBurst(burst.filter(isDelivered), characters).map((part) => ({ ...part, passedOn: 0 })),
  ];
}

function countQueued({ queued }: BurstState): number {
  return queued.finished + queued.burst;
}

/** The child has the keys, in its composer or in a dialog. */
function isDelivered({ tag }: { tag: KeyTag }): boolean {
  return tag.destination !== 'queued';
}
