import type { Change } from './facts.ts';

/** One part of the news. */
export interface Section {
  title: string;
  /** Empty when nothing changed. */
  lines: string[];
  /** The files of ours that a person should check, each with the reason. */
  lookAt?: string[];
}

/** The whole text. It begins with the files to check. Pure. */
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
    // The items of a name that is gone are not listed.
    ...(whole === 'gone'
      ? [`- ${name}`]
      : removed.length > 0
        ? formatItems(`- ${name}`, removed)
        : []),
    ...(added.length > 0 || whole === 'new' ? formatItems(`+ ${name}`, added) : []),
  ]);
}

/** `lead: item, item`, in one or more lines. All but the first are indented. Pure. */
export function formatItems(lead: string, items: readonly string[]): string[] {
  if (items.length === 0) return [lead];
  return wrap(
    `${lead}: `,
    items.map((item, index) => (index < items.length - 1 ? `${item},` : item)),
  );
}

/** The report indents each line by two more columns. */
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
