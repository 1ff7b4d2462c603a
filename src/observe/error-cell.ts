import { StringDecoder } from 'node:string_decoder';
import stripAnsi from 'strip-ansi';
import { createCarry, createNeedle } from './needle.ts';

export interface ErrorCell {
  /** Counts up; the same number is reported again as its text grows. */
  number: number;
  /** The text behind the mark. Escapes and control characters are gone, so rows run into each other. */
  text: string;
  /** No more will come: the cell is full or the next one has begun. */
  complete: boolean;
}

export interface ErrorCellScanner {
  feed(chunk: Buffer): void;
}

/**
 * Watches a terminal's byte stream for `■`, the mark of Codex's error cells (fact 72), and reports the text behind each
 * mark. It knows no wording: `codex/limits.ts` says what a text means, and ignores white space, so that neither wrapping
 * nor the cursor moves between rows matter. Memory and work are bounded; without a mark the bytes are only searched.
 */
export function createErrorCellScanner(onCell: (cell: ErrorCell) => void): ErrorCellScanner {
  const carry = createCarry();
  let number = 0;
  let cell: CellText | undefined;

  function grow(open: CellText, bytes: Buffer, isLast: boolean): void {
    if (bytes.length === 0 && !isLast) return;
    const grew = open.append(bytes);
    const complete = isLast || open.isFull();
    if (grew || complete) onCell({ number, text: open.text(), complete });
    if (complete) cell = undefined;
  }

  return {
    feed(chunk) {
      const bytes = carry.join(chunk);
      const cut = MARK.cutIn(bytes, 0);
      carry.keep(bytes, cut);
      let from = 0;
      for (;;) {
        const mark = MARK.indexOf(bytes, from);
        const end = mark === -1 ? cut : mark;
        if (cell !== undefined) grow(cell, bytes.subarray(from, end), mark !== -1);
        if (mark === -1) return;
        number += 1;
        cell = createCellText();
        from = mark + MARK.length;
      }
    },
  };
}

/** Its first byte begins `•`, too, which Codex draws in every row or two. */
const MARK = createNeedle('■', 1);
/** Visible characters; the longest known text has 200, a promotion may add some. */
const MOST_VISIBLE = 1024;
/** Bytes that one cell may take: a repaint of the screen may stand between mark and text, a film may not. */
const MOST_BYTES = 64 * 1024;
/** No escape sequence that Codex writes is longer. */
const MOST_ESCAPE = 4096;

interface CellText {
  append(bytes: Buffer): boolean;
  text(): string;
  isFull(): boolean;
}

function createCellText(): CellText {
  const decoder = new StringDecoder('utf8');
  let carried = '';
  let visible = '';
  let bytesSeen = 0;
  return {
    append(bytes) {
      bytesSeen += bytes.length;
      const text = carried + decoder.write(bytes);
      const cut = INCOMPLETE_ESCAPE.exec(text)?.index ?? text.length;
      carried = text.length - cut > MOST_ESCAPE ? '' : text.slice(cut);
      const before = visible.length;
      visible += stripAnsi(text.slice(0, cut)).replace(BLANKS, ' ');
      if (visible.length > MOST_VISIBLE) visible = visible.slice(0, MOST_VISIBLE);
      return visible.length > before;
    },
    text: () => visible,
    isFull: () => visible.length >= MOST_VISIBLE || bytesSeen >= MOST_BYTES,
  };
}

const BLANKS = /[\s\u0000-\u001f\u007f]+/g;

/**
 * An escape sequence that the end of a chunk cuts. strip-ansi sees one chunk at a time and would leave the first half as
 * text. The patterns end a control string where strip-ansi ends it; BEL ends an OSC only.
 */
const INCOMPLETE_ESCAPE = new RegExp(
  [
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*$`,
    String.raw`(?:\u001b\]|\u009d)[^\u0007\u0018\u001a\u001b\u0080-\u009f]*\u001b?$`,
    String.raw`(?:\u001b[PX^_k]|[\u0090\u0098\u009e\u009f])[^\u0018\u001a\u001b\u0080-\u009f]*\u001b?$`,
    String.raw`\u001b[ -/]*$`,
  ].join('|'),
);
