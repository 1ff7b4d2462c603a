import { isUtf8 } from 'node:buffer';

export interface TitleWriter {
  /**
   * The same bytes, with the suffix behind each title that ends in them. The chunk itself when no title ends in it.
   * Nothing is held back, so the result does not depend on where the chunks are cut.
   */
  addSuffix(chunk: Buffer): Buffer;
}

export interface TitleWriterOptions {
  /** The text behind a title that is not empty. It is asked for at the end of each title. */
  suffix(): string;
  /** Gets the text of each title, without the suffix. '' means that the title was cleared. */
  seen(title: string): void;
}

/**
 * Writes a suffix behind the titles in a program's output: `OSC 0` and `OSC 2` up to BEL or the ESC of ST. These stay as they
 * are: a title that is empty, longer than MOST_TITLE or no plain UTF-8 text, and a title in a tmux passthrough, which has two
 * ESCs. The 8-bit forms of OSC and ST (0x9D, 0x9C) are no forms in UTF-8: these bytes are parts of letters there.
 */
export function createTitleWriter({ suffix, seen }: TitleWriterOptions): TitleWriter {
  let state: State = TEXT;
  let title: number[] = [];

  /** @returns the bytes that belong in front of this byte. */
  function take(byte: number): string {
    if (state !== PAYLOAD) {
      state = nextState(state, byte);
      if (state === PAYLOAD) title = [];
      return '';
    }
    if (byte === BEL || byte === ESC) return end(byte);
    // Terminals disagree about other control characters in a title.
    if (byte < SPACE || byte === DELETE || title.length === MOST_TITLE) state = TEXT;
    else title.push(byte);
    return '';
  }

  function end(byte: number): string {
    state = byte === ESC ? ESCAPE : TEXT;
    const bytes = Buffer.from(title);
    const text = bytes.toString();
    if (!isUtf8(bytes) || C1.test(text)) return '';
    seen(text);
    return text === '' ? '' : suffix();
  }

  return {
    addSuffix(chunk) {
      const findStart = createSearch(chunk);
      const parts: Buffer[] = [];
      let written = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        if (state === TEXT) at = findStart(at);
        const added = at < chunk.length ? take(chunk[at] as number) : '';
        if (added === '') continue;
        parts.push(chunk.subarray(written, at), Buffer.from(added));
        written = at;
      }
      return parts.length === 0 ? chunk : Buffer.concat([...parts, chunk.subarray(written)]);
    },
  };
}

/** Codex writes no longer title. */
const MOST_TITLE = 2000;

const ESC = 0x1b;
const BEL = 0x07;
const SPACE = 0x20;
const DELETE = 0x7f;
const BRACKET = 0x5d;
const SEMICOLON = 0x3b;
const ZERO = 0x30;
const TWO = 0x32;
/** An 8-bit control character, as UTF-8. xterm ends a title at U+009C. */
const C1 = /[\u0080-\u009f]/;

type State = 0 | 1 | 2 | 3 | 4 | 5;
const TEXT = 0;
const ESCAPE = 1;
/** Behind two ESCs or more. */
const DOUBLED = 2;
const OSC = 3;
const NUMBER = 4;
const PAYLOAD = 5;

function nextState(state: State, byte: number): State {
  if (byte === ESC) return state === ESCAPE || state === DOUBLED ? DOUBLED : ESCAPE;
  if (state === ESCAPE && byte === BRACKET) return OSC;
  if (state === OSC && (byte === ZERO || byte === TWO)) return NUMBER;
  return state === NUMBER && byte === SEMICOLON ? PAYLOAD : TEXT;
}

/**
 * Finds where the next title may begin, at or after an index that grows from call to call; the chunk's length if nowhere. A
 * TUI's output has an ESC in every 20 bytes, so this searches natively for the rarer bytes behind it.
 */
function createSearch(chunk: Buffer): (from: number) => number {
  const { length } = chunk;
  const nexts = RESTS.map(() => -1);

  /** Each place is searched once, so that the time grows as the chunk does. */
  function findRest(index: number, from: number): number {
    let at = nexts[index] as number;
    if (at > from) return at;
    const rest = RESTS[index] as Buffer;
    do at = chunk.indexOf(rest, Math.max(at, from) + 1);
    while (at !== -1 && chunk[at - 1] !== ESC);
    nexts[index] = at === -1 ? length : at;
    return nexts[index] as number;
  }

  return (from) => {
    const found = Math.min(findRest(0, from), findRest(1, from));
    // A title that the end of the chunk cuts begins in its last three bytes.
    return toFirstEsc(chunk, found < length ? found - 1 : Math.max(from, length - 3), from);
  };
}

/** The next ESC, or the first one of several in a row: behind more than one there is no title. */
function toFirstEsc(chunk: Buffer, start: number, from: number): number {
  let at = start;
  while (at < chunk.length && chunk[at] !== ESC) at += 1;
  while (at > from && chunk[at - 1] === ESC) at -= 1;
  return at;
}

const RESTS = [']0;', ']2;'].map((rest) => Buffer.from(rest));
