import { toPlainText } from '../../plain-text.ts';

/** What a private text is replaced by: `account-1`, `thread-1`, `<dir-1>`; the same text gets the same name. */
export type Kind = 'account' | 'workspace' | 'thread' | 'session' | 'dir' | 'person' | 'word';

export interface Anonymiser {
  /** Gives a private text its name. To be called for all that is known before the first line is hidden. */
  name(kind: Kind, text: string): string;
  /** Has a text replaced by exactly this. */
  replace(text: string, by: string): void;
  /** One line in which nothing private is left, at most 400 characters long. */
  hide(line: string): string;
}

/**
 * Takes out of a text what tells of a person. What is known (accounts, threads, directories) is replaced by its name
 * first. Of the rest only numbers stay, and words of our own program: those stand in a file that everybody has.
 * @param ownWords the words of our program, in lower case (see own-words.ts).
 */
export function createAnonymiser(ownWords: ReadonlySet<string>): Anonymiser {
  /** Lower-case text → the index of its name in `names`. */
  const known = new Map<string, number>();
  const names = ['<hidden>'];
  const counts = new Map<Kind, number>();
  let pattern: RegExp | undefined;

  function replace(text: string, by: string): void {
    const key = keyOf(text);
    if (key === '' || known.has(key)) return;
    known.set(key, names.push(by) - 1);
    pattern = undefined;
  }

  function name(kind: Kind, text: string): string {
    const found = known.get(keyOf(text));
    if (found !== undefined) return names[found] as string;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const given = BARE.has(kind) ? `${kind}-${count}` : `<${kind}-${count}>`;
    replace(text, given);
    return given;
  }

  /** A name stands in the text as one character of private use, until nothing can take it for a word any more. */
  function markKnown(text: string): string {
    pattern ??= patternOf(known.keys());
    return text.replace(pattern, (found) => markOf(known.get(found.toLowerCase())));
  }

  const markOf = (index = 0) => String.fromCodePoint(FIRST_MARK + index);
  const named = (kind: Kind, text: string) => {
    name(kind, text);
    return markOf(known.get(keyOf(text)));
  };

  function hidePath(path: string): string {
    const parts = path.split('/');
    const isHome = parts[0] === '~' || names[indexOfMark(parts[0])] === '~';
    const isBelowKnown = !isHome && indexOfMark(parts[0]) >= 0;
    const isAbsolute = parts[0] === '' && !SYSTEM_DIRS.some((dir) => path.startsWith(`${dir}/`));
    if (isBelowKnown || !(isAbsolute || (isHome && parts.length > 2))) {
      return parts.map(hideWords).join('/');
    }
    return `${named('dir', parts.slice(0, -1).join('/'))}/${hideWords(parts.at(-1) as string)}`;
  }

  function hideWords(text: string): string {
    return text.replace(WORDS, (word) => {
      if (MARK.test(word) || TIME.test(word)) return word;
      if (word.includes('@')) return named('person', word);
      return isPublic(word) ? word : named('word', word);
    });
  }

  function isPublic(word: string): boolean {
    const lower = word.toLowerCase();
    return (
      ownWords.has(lower) || ownWords.has(lower.replace(/[.-]?\d{1,4}$/, '')) || NUMBER.test(word)
    );
  }

  return {
    name,
    replace,
    hide(line) {
      const plain = toPlainText(line, 2000).replace(PRIVATE_USE, '?').replaceAll('`', "'");
      const hidden = markKnown(plain).replace(TOKEN, (token) =>
        token.includes('/') ? hidePath(token) : hideWords(token),
      );
      const shown = hidden
        .replace(/[^ -~\u{f0000}-\u{ffffd}…’“”–]/gu, '?')
        .replace(PRIVATE_USE, (mark) => names[indexOfMark(mark)] ?? '?');
      return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST - 1)}…`;
    },
  };
}

const LONGEST = 400;
/** These read well without brackets. */
const BARE = new Set<Kind>(['account', 'workspace', 'thread', 'session', 'person']);
/** Everybody has them. */
const SYSTEM_DIRS = ['/usr/bin', '/usr/local/bin', '/bin', '/etc/codex', '/dev', '/tmp'];

/** Planes 15 and 16 of Unicode belong to nobody. */
const FIRST_MARK = 0xf0000;
const PRIVATE_USE = /[\u{f0000}-\u{10ffff}]/gu;
const MARK = /^[\u{f0000}-\u{10ffff}]$/u;

/** What stands between spaces, quotes and brackets: a path, or words. */
const TOKEN = /[^\s"'“”(),;<>=]+/gu;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
/** 5, 1.5, 0.171.0, 20s, 5h, 0.172.0-alpha.3; no address, and nothing as long as a telephone number. */
const NUMBER = /^v?\d{1,7}(?:\.\d{1,7}){0,2}(?:-(?:alpha|beta|rc)(?:\.\d{1,4})?)?[a-z]{0,2}$/i;
const WORDS =
  /[\u{f0000}-\u{10ffff}]|\d{4}-\d\d-\d\dT[\d:.]+Z|[^\s@\u{f0000}-\u{10ffff}]+@[^\s@\u{f0000}-\u{10ffff}]+|[\p{L}\p{M}\p{N}_]+(?:[.-]+[\p{L}\p{M}\p{N}_]+)*/gu;

function indexOfMark(text: string | undefined): number {
  return text !== undefined && MARK.test(text) ? (text.codePointAt(0) as number) - FIRST_MARK : -1;
}

/** As it stands in a line that was made plain; what is longer than 300 is hidden word by word. */
function keyOf(text: string): string {
  return toPlainText(text, 300).replaceAll('`', "'").toLowerCase();
}

/** The longest first: a directory before the one it lies in. Only whole words. */
function patternOf(texts: Iterable<string>): RegExp {
  const escaped = [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const anyOf = escaped.length === 0 ? '(?!)' : escaped.join('|');
  return new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${anyOf})(?![\\p{L}\\p{N}_-])`, 'giu');
}
