import { compareFacts, type Facts } from './facts.ts';
import type { Section } from './report.ts';

/**
 * Finds the known texts in a binary. Codex composes some texts on the screen, such as a title and a choice below it: of these
 * the longest part counts. Pure.
 * @param known the texts, by the file of ours.
 */
export function findTexts(image: Buffer, known: ReadonlyMap<string, readonly string[]>): Facts {
  const isThere = (text: string) => spellings(text).some((words) => image.includes(words));
  return new Map(
    [...known].map(([file, texts]) => [
      file,
      texts.flatMap((text) => {
        if (isThere(text)) return [text];
        const part = longestPart(text);
        return part !== text && isThere(part) ? [`${part} (part of a text)`] : [];
      }),
    ]),
  );
}

/**
 * Lists the sentences of a binary about limits, accounts or logins. Rust writes its literals without a separator, so a sentence
 * must begin with a capital, end with a full stop, and contain no code. Pure.
 */
export function listSentences(image: Buffer): string[] {
  const found = new Set<string>();
  for (let from = 0; from < image.length; from += PIECE) {
    const piece = image.toString('utf8', from, from + PIECE);
    for (const run of straighten(piece).split(/[\0-\x1f\x7f\ufffd]+/)) {
      for (const part of SUBJECT.test(run) ? run.split(BORDER) : []) {
        if (SENTENCE.test(part) && SUBJECT.test(part)) found.add(part);
      }
    }
  }
  return [...found].sort();
}

/** The texts of a release, for `compareTexts`. */
export interface Texts {
  image: Buffer;
  known: Facts;
  sentences: readonly string[];
}

/** Compares the known texts, and lists the sentences that only one of the binaries has. Pure. */
export function compareTexts(before: Texts, after: Texts): Section[] {
  const changes = compareFacts(before.known, after.known);
  const only = (one: Texts, other: Texts) =>
    one.sentences.filter((text) => !spellings(text).some((words) => other.image.includes(words)));
  const list = (sign: string, texts: readonly string[]) => texts.map((text) => `${sign} ${text}`);
  const added = only(after, before);
  return [
    {
      title: 'Texts and names that src/codex knows',
      lines: changes.flatMap(({ removed, added }) => [...list('-', removed), ...list('+', added)]),
      lookAt: changes
        .filter(({ removed }) => removed.length > 0)
        .map(({ name }) => `${name}: texts of it are gone, see below`),
    },
    {
      title: 'Other sentences about limits, accounts and logins',
      lines: [...list('-', only(before, after)), ...list('+', added)],
      lookAt: added.length > 0 ? ['src/codex/limit-texts.ts: new sentences, see below'] : [],
    },
  ];
}

const PIECE = 16 * 1024 * 1024;
const SUBJECT =
  /usage limit|usage reset|rate limit|\bcredits?\b|spend cap|included usage|at capacity|high demand|(?:sign|log) in again|signed out|active writer|(?:another|different|other|same|switch(?:ed)?) account|workspace owner|your plan/i;
/** The border between sentences, and between literals. */
const BORDER =
  /(?<=[.!?])\s+(?=[A-Z])|(?<=[.!?:;,a-z0-9_)>\]}])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]+\W)|(?<=[.!?])(?=\S)/;
const SENTENCE = /^[A-Z](?=[ -~]+$)[^`{}_=/\\]{15,105}[.!?]$/;

function straighten(text: string): string {
  return text.replaceAll('’', "'");
}

/** The text with each of the two apostrophes (fact 70: U+2019 since 0.155). */
function spellings(text: string): string[] {
  return text.includes("'") ? [text, text.replaceAll("'", '’')] : [text];
}

function longestPart(text: string): string {
  const parts = text.split(/(?<=[.!?]) |(?<=[a-z]) (?=[A-Z])/);
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest));
}
