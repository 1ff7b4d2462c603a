import { toPlainText } from '../../plain-text.ts';

/** The first part of a replacement: `account-1`, `thread-1`, `<dir-1>`. The same text gets the same replacement. */
export type Kind = 'account' | 'workspace' | 'thread' | 'session' | 'dir' | 'person' | 'word';

export interface Anonymiser {
  /** Gives a private text its replacement. Called for all known texts before the first `hide`. */
  name(kind: Kind, text: string): string;
  /** Replaces a text by exactly this. */
  replace(text: string, by: string): void;
  /** The line without private texts, at most 400 characters long. */
  hide(line: string): string;
}

/**
 * Removes private texts. Known texts (accounts, threads, directories) are replaced first. Of the rest only numbers stay, and
 * the words of our own program, which all users have.
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

  /** Puts one private-use character for each known text, so that later steps do not take the replacement for a word. */
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
/** Kinds that are readable without brackets. */
const BARE = new Set<Kind>(['account', 'workspace', 'thread', 'session', 'person']);
/** Directories of every system. */
const SYSTEM_DIRS = ['/usr/bin', '/usr/local/bin', '/bin', '/etc/codex', '/dev', '/tmp'];

/** Planes 15 and 16 of Unicode are for private use. */
const FIRST_MARK = 0xf0000;
const PRIVATE_USE = /[\u{f0000}-\u{10ffff}]/gu;
const MARK = /^[\u{f0000}-\u{10ffff}]$/u;

/** A path, or words, between spaces, quotes and brackets. */
const TOKEN = /[^\s"'“”(),;<>=]+/gu;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
/** 5, 1.5, 0.171.0, 20s, 5h, 0.172.0-alpha.3; no IP address and no telephone number. */
const NUMBER = /^v?\d{1,7}(?:\.\d{1,7}){0,2}(?:-(?:alpha|beta|rc)(?:\.\d{1,4})?)?[a-z]{0,2}$/i;
const WORDS =
  /[\u{f0000}-\u{10ffff}]|\d{4}-\d\d-\d\dT[\d:.]+Z|[^\s@\u{f0000}-\u{10ffff}]+@[^\s@\u{f0000}-\u{10ffff}]+|[\p{L}\p{M}\p{N}_]+(?:[.-]+[\p{L}\p{M}\p{N}_]+)*/gu;

function indexOfMark(text: string | undefined): number {
  return text !== undefined && MARK.test(text) ? (text.codePointAt(0) as number) - FIRST_MARK : -1;
}

/** The text as a plain line has it. After 300 characters a text is hidden word by word. */
function keyOf(text: string): string {
  return toPlainText(text, 300).replaceAll('`', "'").toLowerCase();
}

/** Matches whole words, the longest first: a directory before its parent. */
function patternOf(texts: Iterable<string>): RegExp {
  const escaped = [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const anyOf = escaped.length === 0 ? '(?!)' : escaped.join('|');
  return new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${anyOf})(?![\\p{L}\\p{N}_-])`, 'giu');
}
