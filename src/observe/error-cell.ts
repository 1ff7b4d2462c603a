import { StringDecoder } from 'node:string_decoder';
import stripAnsi from 'strip-ansi';

export interface ErrorCell {
  /** Counts up; the same number is reported again as its text grows. */
  number: number;
  /** What stands behind the mark: escapes and control characters gone, so rows run into each other. */
  text: string;
  /** No more will come: the window is full or the next cell has begun. */
  complete: boolean;
}

export interface ErrorCellScanner {
  feed(chunk: Buffer): void;
}

/**
 * Watches a terminal's byte stream for `■`, the mark of Codex's error cells (fact 72), and reports the text behind
 * each. It knows no wording: what the text means is asked of the catalogue, which ignores white space, so that neither
 * wrapping nor the cursor moves between rows matter. Memory and work are bounded; without a mark it only searches bytes.
 */
export function createErrorCellScanner(onCell: (cell: ErrorCell) => void): ErrorCellScanner {
  let number = 0;
  let tail: Buffer = NOTHING;
  let cell: CellText | undefined;

  function report(open: CellText, complete: boolean): void {
    onCell({ number, text: open.text(), complete });
  }

  // One chunk never holds half a mark here: `feed` has put it together.
  function scan(bytes: Buffer): void {
    let from = 0;
    for (;;) {
      const mark = bytes.indexOf(MARK, from);
      const end = mark === -1 ? bytes.length : mark;
      if (cell !== undefined && (end > from || mark !== -1)) {
        const grew = cell.append(bytes.subarray(from, end));
        const complete = mark !== -1 || cell.isFull();
        if (grew || complete) report(cell, complete);
        if (complete) cell = undefined;
      }
      if (mark === -1) return;
      number += 1;
      cell = createCellText();
      from = mark + MARK.length;
    }
  }

  return {
    feed(chunk) {
      const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      const held = markPrefixAtEnd(bytes);
      if (held === 0) {
        tail = NOTHING;
        scan(bytes);
        return;
      }
      tail = Buffer.from(bytes.subarray(bytes.length - held));
      scan(bytes.subarray(0, bytes.length - held));
    },
  };
}

const MARK = Buffer.from('■');
const NOTHING: Buffer = Buffer.alloc(0);
/** Visible characters; the longest known text has 200, a promotion may add some. */
const MOST_VISIBLE = 1024;
/** Bytes looked at for one cell: a repaint of the screen may stand between mark and text, a film may not. */
const MOST_BYTES = 64 * 1024;
/** An escape sequence longer than this is not one: a window title, a link. */
const MOST_ESCAPE = 4096;

/** How many bytes at the end may be the first ones of a mark. Without copies: it is asked for every chunk. */
function markPrefixAtEnd(bytes: Buffer): number {
  const { length } = bytes;
  if (bytes[length - 1] === MARK[0]) return 1;
  return bytes[length - 2] === MARK[0] && bytes[length - 1] === MARK[1] ? 2 : 0;
}

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
 * An escape sequence cut by the chunk's end: a stripper that sees one chunk at a time would leave its half as text. What
 * ends a control string, or makes it none, is what the stripper takes for it: BEL ends an OSC only.
 */
const INCOMPLETE_ESCAPE = new RegExp(
  [
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*$`,
    String.raw`(?:\u001b\]|\u009d)[^\u0007\u0018\u001a\u001b\u0080-\u009f]*\u001b?$`,
    String.raw`(?:\u001b[PX^_k]|[\u0090\u0098\u009e\u009f])[^\u0018\u001a\u001b\u0080-\u009f]*\u001b?$`,
    String.raw`\u001b[ -/]*$`,
  ].join('|'),
);
