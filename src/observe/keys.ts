export interface ClassifiedInput {
  /** The terminal's own reports: cursor position, attributes, focus, colours, mouse. */
  reports: Buffer;
  /** Keys that a person typed, and pastes. */
  keys: Buffer;
}

export interface InputClassifier {
  /** An incomplete sequence at the end is kept for the next chunk. */
  feed(chunk: Buffer): ClassifiedInput;
  /** Returns the kept bytes as keys. Call it some 50 ms after the last chunk: a lone ESC is the Escape key then. */
  flush(): Buffer;
  /** The first complete part of the last chunk; undefined if the chunk had none. */
  cameFirst(): 'report' | 'key' | undefined;
  /** How many bytes are kept. */
  pending(): number;
  /** The end of a paste has not come yet. */
  isPasting(): boolean;
}

/**
 * Separates the terminal's reports from the typed keys. Keys that are typed during a handoff must reach the next child; the
 * terminal's answers to the last child's questions must not. Order is kept within each of the two, and no byte is lost.
 */
export function createInputClassifier(): InputClassifier {
  let pending = '';
  let pasting = false;
  let first: 'report' | 'key' | undefined;

  function feed(chunk: Buffer): ClassifiedInput {
    // Latin-1 makes one character of each byte.
    const input = pending + chunk.toString('latin1');
    pending = '';
    const parts = { reports: '', keys: '' };
    first = undefined;
    for (let at = 0; at < input.length; ) {
      const token = pasting ? nextOfPaste(input, at) : nextToken(input, at);
      if (token === undefined) {
        pending = input.slice(at);
        // No sequence of a terminal is this long, and a paste is never kept.
        if (pending.length > MOST_PENDING) {
          first ??= 'key';
          parts.keys += pending;
          pending = '';
        }
        break;
      }
      first ??= !pasting && isReport(token) ? 'report' : 'key';
      if (!pasting && isReport(token)) parts.reports += token;
      else parts.keys += token;
      if (token === PASTE_START) pasting = true;
      else if (token.endsWith(PASTE_END)) pasting = false;
      at += token.length;
    }
    return { reports: bytes(parts.reports), keys: bytes(parts.keys) };
  }

  return {
    feed,
    flush() {
      const kept = bytes(pending);
      pending = '';
      return kept;
    },
    cameFirst: () => first,
    pending: () => pending.length,
    isPasting: () => pasting,
  };
}

const ESC = '\u001b';
const PASTE_START = `${ESC}[200~`;
const PASTE_END = `${ESC}[201~`;
const MOST_PENDING = 4096;

const SEQUENCE = new RegExp(
  [
    // X10 mouse: three bytes of any value.
    `${ESC}\\[M[\\s\\S]{3}`,
    `${ESC}\\[(?!M)[0-?]*[ -/]*[@-~]`,
    // OSC, DCS, APC, PM, SOS: replies. Alt+] begins in the same way, but no string end follows it.
    `${ESC}[\\]PX^_][^\\u0007\\u001b]*(?:\\u0007|${ESC}\\\\)`,
    `${ESC}O[ -~]`,
    `${ESC}[^\\[O\\]PX^_\\u001b]`,
    // ESC in front of another ESC: the Escape key, or Alt with a function key.
    `${ESC}(?=${ESC})`,
  ].join('|'),
  'y',
);
const INCOMPLETE = new RegExp(
  [`${ESC}(?:\\[(?:M[\\s\\S]{0,2}|[0-?]*[ -/]*)?|O|[\\]PX^_][^\\u0007\\u001b]*${ESC}?)?$`].join(
    '|',
  ),
  'y',
);
const TEXT = /[^\u001b]+/y;

/** One sequence or a run of plain text; undefined when it is not complete yet. */
function nextToken(input: string, at: number): string | undefined {
  if (input[at] !== ESC) return matchAt(TEXT, input, at);
  if (input[at + 1] === ESC) return ESC;
  const token = matchAt(SEQUENCE, input, at);
  if (token !== undefined) return token;
  return matchAt(INCOMPLETE, input, at) === undefined ? input[at] : undefined;
}

// Inside a paste everything is typed, up to the end mark. Undefined when the rest may be the first half of that mark.
function nextOfPaste(input: string, at: number): string | undefined {
  const end = input.indexOf(PASTE_END, at);
  if (end !== -1) return input.slice(at, end + PASTE_END.length);
  for (let length = Math.min(PASTE_END.length - 1, input.length - at); length > 0; length -= 1) {
    if (input.endsWith(PASTE_END.slice(0, length))) {
      return input.length - length > at ? input.slice(at, input.length - length) : undefined;
    }
  }
  return input.slice(at);
}

function isReport(token: string): boolean {
  // The shortest report has three bytes.
  if (token.length < 3 || token[0] !== ESC) return false;
  return REPORTS.some((report) => report.test(token));
}

const REPORTS = [
  // Focus in and out; mouse, SGR and X10; in-band resize; window reports.
  /^\u001b\[[IO]$/,
  /^\u001b\[(?:<[\d;]+[Mm]|M[\s\S]{3}|[\d;]+[tM])$/,
  // Cursor position. `CSI 1;2R` is Shift+F3 in old encodings, too: to type a report into Codex would be worse than to lose
  // that key.
  /^\u001b\[\??\d+;\d+(?:;\d+)?R$/,
  // Device attributes and status, mode reports, kitty keyboard flags, colour scheme.
  /^\u001b\[[?>=][\d;]*(?:c|n|u|x|\$y|S)$/,
  /^\u001b\[\d*n$/,
  /^\u001b\[\d+;\d+\$y$/,
  // Answers in control strings: colours, version, capabilities, clipboard, images.
  /^\u001b[\]PX^_][\s\S]{2,}$/,
];

function matchAt(pattern: RegExp, input: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(input)?.[0];
}

function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
