/** One key, or one run of keys of a kind, as Codex's composer takes them. */
export interface ComposerKey {
  /**
   * - `text`: a run of characters
   * - `enter`, `tab`: they send a prompt, Tab after the turn that runs; as a byte or as a kitty key
   * - `line-break`: Ctrl-J, Enter with a modifier
   * - `cancel`: Ctrl-C, which empties the composer
   * - `edit`: backspace, delete, left, right, home, end, the readline keys a b d e f k u w
   * - `paste`: a whole bracketed paste, with its marks
   * - `open-paste`: one whose end has not come, always the last key
   * - `other`: whatever else, also a sequence that is not complete
   */
  kind:
    | 'text'
    | 'enter'
    | 'tab'
    | 'line-break'
    | 'cancel'
    | 'edit'
    | 'paste'
    | 'open-paste'
    | 'other';
  /** The bytes, as latin-1. */
  bytes: string;
}

export const PASTE_START = '\u001b[200~';
export const PASTE_END = '\u001b[201~';
/** The key in a form that Codex never takes for Alt with the key behind it, whatever it has asked the terminal for. */
export const ESCAPE = '\u001b[27u';

/**
 * Parts input into keys. Each byte is looked at a fixed number of times, whatever stands in it: user and clipboard decide
 * what comes here, and an expression that backtracks would stop the session (each function below moves `at` on).
 * @param keys bytes as latin-1, without the terminal's own reports.
 */
export function* readComposerKeys(keys: string): Generator<ComposerKey> {
  for (let at = 0; at < keys.length; ) {
    const key = keyAt(keys, at);
    yield key;
    at += key.bytes.length;
  }
}

function keyAt(keys: string, at: number): ComposerKey {
  const code = keys.charCodeAt(at);
  if (code === ESC) return sequenceAt(keys, at);
  if (isText(code)) {
    let end = at + 1;
    while (end < keys.length && isText(keys.charCodeAt(end))) end += 1;
    return { kind: 'text', bytes: keys.slice(at, end) };
  }
  return ONE_BYTE[code] ?? other(keys, at, 1);
}

function sequenceAt(keys: string, at: number): ComposerKey {
  if (keys.startsWith(PASTE_START, at)) {
    const end = keys.indexOf(PASTE_END, at + PASTE_START.length);
    return end < 0
      ? { kind: 'open-paste', bytes: keys.slice(at) }
      : { kind: 'paste', bytes: keys.slice(at, end + PASTE_END.length) };
  }
  const introducer = keys[at + 1];
  if (introducer === undefined || introducer === '\u001b') return ONE_BYTE[ESC] as ComposerKey;
  if (introducer === 'O') return other(keys, at, 3);
  if (introducer !== '[') return other(keys, at, 2);
  let end = at + 2;
  while (isBetween(keys.charCodeAt(end), 0x20, 0x3f)) end += 1;
  if (!isBetween(keys.charCodeAt(end), 0x40, 0x7e)) return other(keys, at, end - at);
  const bytes = keys.slice(at, end + 1);
  // A longer one is none of those that are told apart.
  return { kind: bytes.length > MOST_KEY ? 'other' : kindOfSequence(bytes), bytes };
}

function other(keys: string, at: number, length: number): ComposerKey {
  return { kind: 'other', bytes: keys.slice(at, at + length) };
}

function kindOfSequence(bytes: string): ComposerKey['kind'] {
  if (EDITS.has(bytes)) return 'edit';
  // Kitty's keys: the number, one more than the modifiers' bits, and whether pressed (1), held (2) or let go (3).
  const [, number, modifiers, event] = KITTY.exec(bytes) ?? [];
  if (number === undefined || event === '3') return 'other';
  const held = (Number(modifiers || 1) - 1) & ~LOCKS;
  if (number === '99') return held === CTRL ? 'cancel' : 'other';
  if (number === '13') return held === 0 ? 'enter' : 'line-break';
  return held === 0 ? 'tab' : 'other';
}

function isText(code: number): boolean {
  return isBetween(code, 0x20, 0x7e) || isBetween(code, 0x80, 0xff);
}

/** False for NaN, which stands for the end of the input. */
function isBetween(code: number, least: number, most: number): boolean {
  return code >= least && code <= most;
}

const ESC = 0x1b;
const MOST_KEY = 32;
const KITTY = /^\u001b\[(13|9|99)(?:;([0-9]*)(?::([0-9]))?)?u$/;
const CTRL = 4;
/** Caps and num lock change no key here. */
const LOCKS = 64 | 128;
const CONTROLS = new Map<number, ComposerKey['kind']>([
  [0x0d, 'enter'],
  [0x09, 'tab'],
  [0x0a, 'line-break'],
  [0x03, 'cancel'],
  ...[0x01, 0x02, 0x04, 0x05, 0x06, 0x0b, 0x15, 0x17, 0x7f].map((code) => [code, 'edit'] as const),
]);
/** By their byte: a paste may have a million of them, and one object is enough for all that are equal. */
const ONE_BYTE: readonly ComposerKey[] = Array.from({ length: 256 }, (_, code) => ({
  kind: CONTROLS.get(code) ?? 'other',
  bytes: String.fromCharCode(code),
}));
const EDITS: ReadonlySet<string> = new Set(
  ['C', 'D', 'H', 'F', '3~'].map((end) => `\u001b[${end}`),
);
