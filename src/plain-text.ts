/**
 * Makes text from outside (file names, e-mails, titles, error texts, replies, records) safe for a terminal: the terminal
 * would obey its control characters, and a newline in it would add a line that looks like ours.
 */

/** No path is longer than 4096, so an honest line is not cut. */
export const LONGEST_LINE = 5000;

/**
 * The text on one line: control characters, line separators, marks that turn the direction of writing, invisible
 * characters and halves of surrogate pairs become visible escapes (`\n`, `\x1b`, `\u202e`). Everything else stays: letters
 * of all scripts, emoji, and the joiners that they need. A letter keeps eight marks.
 * @param limit how many UTF-16 units it may have; a longer one ends with `…`.
 */
export function toPlainText(text: string, limit = LONGEST_LINE): string {
  if (text.length <= limit && PRINTABLE_ASCII.test(text)) return text;
  const shown = text
    .slice(0, limit + 1)
    // A terminal draws many marks over the lines above. Letters of living scripts have up to five.
    .replace(/(?<=\p{M}{8})\p{M}/gu, '')
    .replace(harmful(), escapeForPeople);
  if (text.length <= limit && shown.length <= limit) return shown;
  return `${shown.slice(0, limit - 1).replace(CUT_PAIR, '')}…`;
}

/** Our own text with control codes (colours, a window's title), written unchanged. Only this file can make one. */
export type OwnText = Own;

class Own {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** A template: its literals stay unchanged, and its fields are made plain. */
export function ownText(
  literals: TemplateStringsArray,
  ...fields: readonly (string | number | OwnText)[]
): OwnText {
  return new Own(String.raw({ raw: literals }, ...fields.map(toOutput)));
}

/** JSON with the same values, where control characters are escaped. No text is cut. */
export function toPlainJson(value: unknown, indent?: number): OwnText {
  const json = JSON.stringify(value, undefined, indent) ?? 'null';
  const shown = json.replace(harmful(), (character) =>
    character === '\n' ? character : escapeForJson(character),
  );
  return new Own(shown);
}

/** The text for a terminal: our own text unchanged, any other text made plain. */
export function toOutput(text: string | number | OwnText): string {
  return text instanceof Own ? text.toString() : toPlainText(String(text));
}

const PRINTABLE_ASCII = /^[ -~]*$/;

/** Between these characters U+200C and U+200D change the shape: scripts other than Latin, and emoji. */
const JOINED = '(?![\\0-\\u02ff])[\\p{L}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}]';

let madeHarmful: RegExp | undefined;

/** Made at the first use: it costs 1 ms, and most starts of codex print nothing. */
function harmful(): RegExp {
  madeHarmful ??= new RegExp(
    // Variation selectors (U+FE00-F, U+180B-F) are ignorable as well, and choose between shapes only.
    '[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\ufff9-\\ufffb]' +
      '|(?![\\u200c\\u200d\\ufe00-\\ufe0f\\u180b-\\u180f])\\p{Default_Ignorable_Code_Point}' +
      `|(?=[\\u200c\\u200d])(?:(?<!${JOINED}).|.(?!${JOINED}))`,
    'gu',
  );
  return madeHarmful;
}

const CUT_PAIR = /[\ud800-\udbff]$/;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeForPeople(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return SHORT[character] ?? `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

function escapeForJson(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    const unit = character.charCodeAt(index).toString(16);
    return `\\u${unit.padStart(4, '0')}`;
  }).join('');
}
