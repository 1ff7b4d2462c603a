import { MOST_CSI } from './escape-parser.ts';

/**
 * Where the escape sequences begin that may change what `modes.ts` follows, in order, some of them twice; and where the
 * last sequence begins, which the end of the bytes may cut.
 *
 * A TUI's output has an ESC in every 20 bytes, and a step of JavaScript at each costs more than all the rest of the
 * relaying. So this searches natively for bytes that are rare in it, and walks back to the ESC in front of them.
 */
export function findTrackedEscapes(bytes: Buffer): number[] {
  const last = bytes.lastIndexOf(ESC);
  if (last === -1) return [];
  const starts = [last, startOfLastStyle(bytes)];
  for (const pair of PAIRS) {
    // Backwards the search stops at the second byte of the pair, and not at each ESC.
    let at = bytes.lastIndexOf(pair);
    while (at !== -1) {
      starts.push(at);
      at = before(bytes, pair, at);
    }
  }
  for (const mark of MARKS) {
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      starts.push(startOfCsi(bytes, at, false));
    }
  }
  for (const end of ENDS) {
    for (let at = bytes.indexOf(end, 1); at !== -1; at = bytes.indexOf(end, at + 1)) {
      // Nearly every `r` stands behind a letter: a call for it would take half of this function's time.
      const byte = bytes[at - 1] as number;
      if (byte < 0x40 || byte === BRACKET) starts.push(startOfCsi(bytes, at, true));
    }
  }
  return starts.filter((start) => start !== -1).sort((a, b) => a - b);
}

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BRACKET = 0x5b;
const STYLE = 0x6d;

/** A full reset, a character set, an OSC, the keypad's two modes. */
const PAIRS = ['\u001bc', '\u001b(', '\u001b]', '\u001b=', '\u001b>'].map((pair) =>
  Buffer.from(pair),
);
/** The first parameter byte of private modes, of the kitty protocol and of modifyOtherKeys. */
const MARKS = Buffer.from('?<=>');
/** The byte behind the parameters of a soft reset, a cursor style and a scroll region. */
const ENDS = Buffer.from('!qr');

/** Each text style replaces the one before, so only the last one counts. -1 if there is none. */
function startOfLastStyle(bytes: Buffer): number {
  for (let at = bytes.lastIndexOf(STYLE); at !== -1; at = before(bytes, STYLE, at)) {
    const start = startOfCsi(bytes, at, true);
    if (start !== -1 && isStyle(bytes.toString('latin1', start + 2, at))) return start;
  }
  return -1;
}

function before(bytes: Buffer, needle: number | Buffer, at: number): number {
  // A negative offset would count from the end.
  return at === 0 ? -1 : bytes.lastIndexOf(needle, at - 1);
}

/**
 * Where the CSI begins whose parameters end at `end`; -1 if there is none.
 * @param hasParameters false: only control characters, which a terminal carries out and forgets, stand between.
 */
function startOfCsi(bytes: Buffer, end: number, hasParameters: boolean): number {
  let parameters = 0;
  for (let at = end - 1; at > 0; at -= 1) {
    const byte = bytes[at] as number;
    if (byte === BRACKET) return bytes[at - 1] === ESC ? at - 1 : -1;
    if (byte >= 0x20) {
      const isParameter = byte === 0x20 || (byte >= 0x30 && byte <= 0x3f);
      if (!isParameter || !hasParameters || parameters === MOST_CSI) return -1;
      parameters += 1;
    } else if (byte === ESC || byte === CAN || byte === SUB) {
      return -1;
    }
  }
  return -1;
}

function isStyle(parameters: string): boolean {
  return /^(?![<-?])[0-?]*$/.test(parameters.replace(CONTROLS, ''));
}

const CONTROLS = /[\0-\x1f]/g;
