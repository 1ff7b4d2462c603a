/** One key, or a run of characters, as Codex's composer reads them. */
export interface ComposerKey {
  kind:
    | 'text'
    /** Enter sends a prompt; Tab sends it after the running turn. As a byte or as a kitty key. */
    | 'enter'
    | 'tab'
    /** Ctrl-J, or Enter with a modifier. */
    | 'line-break'
    /** Ctrl-C: it empties the composer. */
    | 'cancel'
    /** Backspace, Delete, Left, Right, Home, End, the readline keys a b d e f k u w. */
    | 'edit'
    /** A whole bracketed paste, with its marks. */
    | 'paste'
    /** A bracketed paste without its end; always the last key. */
    | 'open-paste'
    /** All other keys, and an incomplete sequence. */
    | 'other';
  /** Latin-1. */
  bytes: string;
}

export const PASTE_START = '\u001b[200~';
export const PASTE_END = '\u001b[201~';
/** Escape as a kitty key: Codex would read the byte ESC before another key as Alt with that key. */
export const ESCAPE = '\u001b[27u';

/**
 * Splits input into keys in linear time. The clipboard may hold anything, and a regular expression that backtracks on a
 * large paste would stop the session.
 * @param keys bytes as latin-1, without the terminal's own reports.
 */
export function* readComposerKeys(keys: string): Generator<ComposerKey> {
  for (let at = 0; at < keys.length; ) {
    const key = readKey(keys, at);
    yield key;
    at += key.bytes.length;
  }
}

function readKey(keys: string, at: number): ComposerKey {
  const code = keys.charCodeAt(at);
  if (code === ESC) return readSequence(keys, at);
  if (isText(code)) {
    let end = at + 1;
    while (end < keys.length && isText(keys.charCodeAt(end))) end += 1;
    return { kind: 'text', bytes: keys.slice(at, end) };
  }
  return ONE_BYTE[code] ?? readOther(keys, at, 1);
}

function readSequence(keys: string, at: number): ComposerKey {
  if (keys.startsWith(PASTE_START, at)) {
    const end = keys.indexOf(PASTE_END, at + PASTE_START.length);
    return end < 0
      ? { kind: 'open-paste', bytes: keys.slice(at) }
      : { kind: 'paste', bytes: keys.slice(at, end + PASTE_END.length) };
  }
  const introducer = keys[at + 1];
  if (introducer === undefined || introducer === '\u001b') return ONE_BYTE[ESC] as ComposerKey;
  if (introducer === 'O') return readOther(keys, at, 3);
  if (introducer !== '[') return readOther(keys, at, 2);
  let end = at + 2;
  while (isBetween(keys.charCodeAt(end), 0x20, 0x3f)) end += 1;
  if (!isBetween(keys.charCodeAt(end), 0x40, 0x7e)) return readOther(keys, at, end - at);
  const bytes = keys.slice(at, end + 1);
  return { kind: bytes.length > MAX_KEY_BYTES ? 'other' : classifySequence(bytes), bytes };
}

function readOther(keys: string, at: number, length: number): ComposerKey {
  return { kind: 'other', bytes: keys.slice(at, at + length) };
}

function classifySequence(bytes: string): ComposerKey['kind'] {
  if (EDITS.has(bytes)) return 'edit';
  // A kitty key: its number, 1 + the bits of the modifiers, and its event: pressed (1), repeated (2) or released (3).
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

/** False for NaN, the code after the end of the input. */
function isBetween(code: number, least: number, most: number): boolean {
  return code >= least && code <= most;
}

const ESC = 0x1b;
const MAX_KEY_BYTES = 32;
const KITTY = /^\u001b\[(13|9|99)(?:;([0-9]*)(?::([0-9]))?)?u$/;
const CTRL = 4;
/** Caps Lock and Num Lock: they change no key here. */
const LOCKS = 64 | 128;
const CONTROLS = new Map<number, ComposerKey['kind']>([
  [0x0d, 'enter'],
  [0x09, 'tab'],
  [0x0a, 'line-break'],
  [0x03, 'cancel'],
  ...[0x01, 0x02, 0x04, 0x05, 0x06, 0x0b, 0x15, 0x17, 0x7f].map((code) => [code, 'edit'] as const),
]);
/** One shared object for each byte: a paste may have a million of them. */
const ONE_BYTE: readonly ComposerKey[] = Array.from({ length: 256 }, (_, code) => ({
  kind: CONTROLS.get(code) ?? 'other',
  bytes: String.fromCharCode(code),
}));
const EDITS: ReadonlySet<string> = new Set(
  ['C', 'D', 'H', 'F', '3~'].map((end) => `\u001b[${end}`),
);
