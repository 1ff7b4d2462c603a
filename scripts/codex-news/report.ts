import type { Change } from './facts.ts';

/** One part of the news. */
export interface Section {
  title: string;
  /** None when nothing changed. */
  lines: string[];
  /** What a person should look at because of it, each beginning with a file of ours. */
  lookAt?: string[];
}

/** The whole text, what to look at first. Pure. */
export function formatReport(old: string, young: string, sections: readonly Section[]): string {
  const lookAt = sections.flatMap((section) => section.lookAt ?? []);
  const first: Section = { title: 'Look at', lines: lookAt.flatMap((line) => wrap('', [line])) };
  const parts = [first, ...sections].map(({ title, lines }) => {
    const body = lines.length > 0 ? lines : [title === first.title ? 'nothing' : 'no change'];
    return [title, ...body.map((line) => `  ${line}`)].join('\n');
  });
  return `${[`Codex ${old} -> ${young}`, ...parts].join('\n\n')}\n`;
}

/** Lines for changes: `- name: items` before `+ name: items`, a name without items alone. Pure. */
export function formatChanges(changes: readonly Change[]): string[] {
  return changes.flatMap(({ name, added, removed, whole }) => [
    // What was in something that is gone goes without saying.
    ...(whole === 'gone'
      ? [`- ${name}`]
      : removed.length > 0
        ? formatItems(`- ${name}`, removed)
        : []),
    ...(added.length > 0 || whole === 'new' ? formatItems(`+ ${name}`, added) : []),
  ]);
}

/** `lead: item, item`, in as many lines as it takes, the next ones indented. Pure. */
export function formatItems(lead: string, items: readonly string[]): string[] {
  if (items.length === 0) return [lead];
  return wrap(
    `${lead}: `,
    items.map((item, index) => (index < items.length - 1 ? `${item},` : item)),
  );
}

/** A line of the report has two columns of indent before it. */
const COLUMNS = 118;
const INDENT = ' '.repeat(4);
const MOST_UNBROKEN = 60;

function wrap(lead: string, words: readonly string[]): string[] {
  const lines = [lead];
  let isFresh = true;
  for (const word of words.flatMap((text) =>
    text.length > MOST_UNBROKEN ? text.split(' ') : text,
  )) {
    const last = lines.at(-1) as string;
    const next = isFresh ? last + word : `${last} ${word}`;
    const fits = next.length <= COLUMNS;
    if (fits || isFresh) lines[lines.length - 1] = next;
    else lines.push(INDENT + word);
    isFresh = false;
  }
  return lines;
}
