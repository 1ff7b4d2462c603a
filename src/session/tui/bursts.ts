import {
  type ComposerKey,
  PASTE_END,
  PASTE_START,
  readComposerKeys,
} from '../../codex/composer-keys.ts';

/**
 * Tells pastes without brackets from typing (a terminal that has none, `tmux paste-buffer`, xdotool, dictation): nobody
 * presses keys so fast. Enter in such a burst is a line break of it, for a paste must never send itself; Enter pressed
 * after a pause is a key. Keys come out in order, a burst with line breaks as a bracketed paste, the rest as it came.
 */
export interface BurstReader<Tag extends { side: Side }> {
  /**
   * @param keys whole sequences as latin-1; a paste may come in pieces.
   * @param atMs when they came, on a clock that only goes forward.
   * @param passedOn so many bytes at their beginning were given to the child before.
   */
  add(keys: string, atMs: number, tag: Tag, passedOn?: number): void;
  /** What nothing that comes at `nowMs` or later can change any more. */
  take(nowMs: number): Settled<Tag>[];
  /** All that was not queued, though its burst may go on: what follows is still judged as a part of that. */
  takeGiven(): Settled<Tag>[];
  /** A paste whose end has not come: what of it the child has not, and whether it has the beginning. */
  open(): { side: Side; isBegun: boolean; rest(): string } | undefined;
  /** The child has the open paste as far as it goes (true), or nothing of it. */
  passOpen(isPassed: boolean): void;
  /** How long nothing may come before what is there is final; 0 if nothing is left. */
  quietMs(): number;
  /** Something is left that was queued. */
  hasQueued(): boolean;
  /** Something is left that was not. */
  hasGiven(): boolean;
}

export interface Settled<Tag> {
  keys: string;
  tag: Tag;
  /** The child has so many bytes of it already. */
  passedOn: number;
}

/** Whether keys were given to a child (in a dialog of its own: they stand in no composer), or wait for one. */
export type Side = 'given' | 'dialog' | 'queued';

/** Keys that come within this time were not typed one after the other: xdotool needs 12 ms, ydotool 20. */
const BURST_MS = 25;
/** Codex itself takes an Enter so soon after a burst for a line break (fact 83). */
const ENTER_MS = 120;
/** So many characters make a burst that Enter is waited for. */
const LEAST = 3;
/** More than Codex takes for a prompt: what the child was given is not kept to be typed again. */
const MOST_KEPT = 1024 * 1024;
/** Stands for what was not kept: a key that nobody repeats. */
const NOT_KEPT: ComposerKey = { kind: 'other', bytes: '\u001b' };

interface Entry<Tag> {
  key: ComposerKey;
  tag: Tag;
}

interface OpenPaste<Tag> {
  pieces: string[];
  length: number;
  passedOn: number;
  tag: Tag;
  isKept: boolean;
}

export function createBurstReader<Tag extends { side: Side }>(): BurstReader<Tag> {
  let settled: Settled<Tag>[] = [];
  let burst: Entry<Tag>[] = [];
  /** Of the burst, with what was taken out of it before its end. */
  let characters = 0;
  let bytes = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  let isAfterPaste = false;
  let paste: OpenPaste<Tag> | undefined;
  /** How many there were queued: counted, as it is asked for each chunk. */
  const queued = { settled: 0, burst: 0 };

  function settle(keys: string, tag: Tag, passedOn = 0): void {
    const last = settled.at(-1);
    if (passedOn === 0 && last?.tag === tag && last.passedOn === 0) {
      // Both are of one chunk, so nothing tells them apart later.
      last.keys += keys;
      return;
    }
    settled.push({ keys, tag, passedOn });
    if (isQueued(tag)) queued.settled += 1;
  }

  function endBurst(): void {
    queued.burst = 0;
    for (const { keys, tag } of renderBurst(burst, characters)) settle(keys, tag);
    burst = [];
    characters = 0;
    bytes = 0;
  }

  function needed(): number {
    return characters >= LEAST ? ENTER_MS : BURST_MS;
  }

  function addKey(key: ComposerKey, at: number, tag: Tag): void {
    const gap = at - lastAt;
    const isLate = sends(key) && characters >= LEAST && gap <= ENTER_MS;
    if (gap > BURST_MS && !isLate) endBurst();
    lastAt = at;
    // The end of a bracketed paste is known, so Enter behind it is a key, however soon.
    const isAlone = isAfterPaste && sends(key);
    isAfterPaste = false;
    if (isAlone) return settle(key.bytes, tag);
    bytes += key.bytes.length;
    if (key.kind === 'text') characters += key.bytes.length;
    if (!isQueued(tag) && bytes > MOST_KEPT) {
      burst = [{ key: NOT_KEPT, tag }];
      return;
    }
    const last = burst.at(-1);
    if (last?.tag === tag && !isWriting(last.key) && !isWriting(key)) {
      // Neither writes text, so they come out as they came. One entry for both saves memory: a chunk may have a million.
      last.key = { kind: 'other', bytes: last.key.bytes + key.bytes };
      return;
    }
    if (isQueued(tag)) queued.burst += 1;
    burst.push({ key, tag });
  }

  /** What the child was given of a paste is its beginning. */
  function addPiece(to: OpenPaste<Tag>, piece: string, tag: Tag, passedOn: number): void {
    if (to.passedOn === to.length) to.passedOn += isQueued(tag) ? passedOn : piece.length;
    to.length += piece.length;
    to.pieces.push(piece);
    to.tag = tag;
    if (to.length <= MOST_KEPT || isQueued(tag)) return;
    to.pieces = [PASTE_START];
    to.length = PASTE_START.length;
    to.passedOn = PASTE_START.length;
    to.isKept = false;
  }

  function closePaste({ pieces, tag, passedOn, isKept }: OpenPaste<Tag>, at: number): void {
    settle(isKept || isQueued(tag) ? pieces.join('') : NOT_KEPT.bytes, tag, passedOn);
    paste = undefined;
    isAfterPaste = true;
    lastAt = at;
  }

  return {
    add(keys, at, tag, passedOn = 0) {
      let rest = keys;
      let passed = passedOn;
      if (paste !== undefined) {
        const end = rest.indexOf(PASTE_END);
        const piece = end < 0 ? rest : rest.slice(0, end + PASTE_END.length);
        addPiece(paste, piece, tag, passed);
        if (end < 0) return;
        closePaste(paste, at);
        rest = rest.slice(piece.length);
        passed = 0;
      }
      for (const key of readComposerKeys(rest)) {
        if (key.kind === 'paste' || key.kind === 'open-paste') {
          endBurst();
          paste = { pieces: [], length: 0, passedOn: 0, tag, isKept: true };
          addPiece(paste, key.bytes, tag, passed);
          if (key.kind === 'paste') closePaste(paste, at);
        } else if (passed > 0) {
          // The child has its beginning: it can be given in no other form.
          endBurst();
          settle(key.bytes, tag, passed);
        } else addKey(key, at, tag);
        passed = 0;
      }
    },
    take(now) {
      if (now - lastAt > needed()) endBurst();
      const taken = settled;
      settled = [];
      queued.settled = 0;
      return taken;
    },
    takeGiven() {
      const isGiven = ({ tag }: { tag: Tag }) => !isQueued(tag);
      // Keys are queued after those that were given, never between.
      const mine = burst.filter(isGiven);
      const taken = settled.filter(isGiven);
      for (const part of renderBurst(mine, characters)) taken.push({ ...part, passedOn: 0 });
      settled = settled.filter(({ tag }) => isQueued(tag));
      burst = burst.filter(({ tag }) => isQueued(tag));
      return taken;
    },
    open() {
      if (paste === undefined) return undefined;
      const { tag, pieces, passedOn } = paste;
      const rest = () => pieces.join('').slice(passedOn);
      return { side: tag.side, isBegun: passedOn > 0, rest };
    },
    passOpen(isPassed) {
      if (paste === undefined) return;
      paste.passedOn = isPassed ? paste.length : 0;
      paste.tag = { ...paste.tag, side: isPassed ? 'given' : 'queued' };
    },
    quietMs: () => (burst.length === 0 && characters === 0 ? 0 : needed()),
    hasQueued: () =>
      queued.settled + queued.burst > 0 || (paste !== undefined && isQueued(paste.tag)),
    hasGiven: () =>
      settled.length + burst.length > queued.settled + queued.burst ||
      (paste !== undefined && !isQueued(paste.tag)),
  };
}

function isQueued({ side }: { side: Side }): boolean {
  return side === 'queued';
}

function sends({ kind }: ComposerKey): boolean {
  return kind === 'enter' || kind === 'tab';
}

function breaksLine(key: ComposerKey): boolean {
  return sends(key) || key.kind === 'line-break';
}

interface Part<Tag> {
  keys: string;
  tag: Tag;
}

/** @param characters how much text came in the burst, what was taken out of it before included. */
function renderBurst<Tag extends { side: Side }>(
  burst: readonly Entry<Tag>[],
  characters: number,
): Part<Tag>[] {
  if (characters === 0 || !burst.some(({ key }) => breaksLine(key))) {
    return burst.map(({ key, tag }) => ({ keys: key.bytes, tag }));
  }
  const parts: Part<Tag>[] = [];
  let run: ComposerKey[] = [];
  for (const [index, { key, tag }] of burst.entries()) {
    const next = burst[index + 1];
    if (!isWriting(key)) {
      parts.push({ keys: key.bytes, tag });
      continue;
    }
    run.push(key);
    if (next !== undefined && isWriting(next.key) && next.tag.side === tag.side) continue;
    parts.push({ keys: writeRun(run), tag });
    run = [];
  }
  return parts;
}

function isWriting(key: ComposerKey): boolean {
  return key.kind === 'text' || breaksLine(key);
}

function writeRun(run: readonly ComposerKey[]): string {
  if (!run.some(breaksLine)) return run.map(({ bytes }) => bytes).join('');
  const said = run.map(({ kind, bytes }) => {
    if (kind === 'text') return bytes;
    return kind === 'tab' ? '\t' : '\r';
  });
  return `${PASTE_START}${said.join('')}${PASTE_END}`;
}
