import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SETTINGS, type Setting, TARGET_SETTINGS } from '../../src/state/settings.ts';

// What the READMEs say exists, and what exists they say.

const ROOT = new URL('../../', import.meta.url);
const COMMUNITY = ['AGENTS.md', 'CONTRIBUTING.md', 'SECURITY.md', 'pull_request_template.md'];
const DOCUMENTS = [
  ...['README.md', 'CHANGELOG.md', 'test/README.md'],
  ...['src/README.md', 'src/codex/README.md', 'src/pty/README.md', 'src/relay/README.md'],
  ...COMMUNITY.map((name) => `.github/${name}`),
];
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');

const sources = ['src', 'shim', 'test', 'scripts'].flatMap((top) =>
  readdirSync(new URL(top, ROOT), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^.]*$|\.[mc]?[jt]s$/.test(entry.name))
    .map(({ parentPath, name }) => `${relative(fileURLToPath(ROOT), parentPath)}/${name}`),
);

/** What is referred to as `fact N`, `facts N, N` or `pty fact N`. */
const citations = [...sources, ...DOCUMENTS].flatMap((file) =>
  [...read(file).matchAll(/\b(pty )?facts? (\d+(?:(?:,| and) \d+)*)/g)].flatMap(
    ([, kind = '', ids]) =>
      (ids as string).match(/\d+/g)?.map((id) => ({ file, kind, id: Number(id) })) ?? [],
  ),
);

describe('test/README.md', () => {
  const tables = read('test/README.md').split('## Promises, and the tests that hold them')[1] ?? '';
  const rows = tables.split('\n').filter((line) => /^\| (?!what|promise)/.test(line));

  test('names a test for each line', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((row) => !/\.test\.ts` “/.test(row))).toEqual([]);
  });

  test.each(rows.map((row) => [/^\| (.*?) \|/.exec(row)?.[1] ?? row, row]))('%s', (_, row) => {
    // A title without a file stands in the one before it.
    let file = '';
    for (const [, named, title] of row.matchAll(/`([\w/.-]+\.test\.ts)`|“((?:[^”“]|“[^”]*”)+)”/g)) {
      if (named !== undefined) file = `test/${named}`;
      expect(existsSync(new URL(file, ROOT)), file).toBe(true);
      if (title !== undefined) expect(read(file)).toContain(title.replaceAll('\\|', '|'));
    }
  });
});

describe.each([
  ['src/codex/README.md', ''],
  ['src/pty/README.md', 'pty '],
])('%s', (file, kind) => {
  const facts = readFacts(file);
  const ofKind = citations.filter((citation) => citation.kind === kind);
  const cited = new Set(ofKind.filter((by) => !by.file.endsWith('.md')).map(({ id }) => id));

  test('gives each number to one fact', () => {
    expect(facts.length).toBeGreaterThan(15);
    expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
  });

  test('has every fact that is referred to', () => {
    const known = new Set(facts.map(({ id }) => id));
    expect(ofKind.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  test.each(facts)('fact $id: a source rests on it, or a test that exists holds it', (fact) => {
    expect(fact.tests.length > 0 || cited.has(fact.id)).toBe(true);
    for (const { file: test, titles } of fact.tests) {
      expect(existsSync(new URL(test, ROOT)), test).toBe(true);
      for (const title of titles) expect(read(test)).toContain(title);
    }
  });
});

/** Each `- **12** text`, with the tests that it names. */
function readFacts(file: string) {
  const bullets = read(file).split(/^- (?=\*\*\d+\*\* )/m);
  return bullets.slice(1).map((bullet) => {
    const [text = ''] = bullet.split('\n\n');
    const named = text.replace(/\s+/g, ' ').split(/(?=`[\w/.-]+\.test\.ts`)/);
    const tests = named.slice(1).map((part) => ({
      file: `test/${/`([^`]+)`/.exec(part)?.[1]}`,
      titles: [...part.matchAll(/“([^”]+)”/g)].map(([, title]) => title as string),
    }));
    return { id: Number(/\d+/.exec(bullet)?.[0]), tests };
  });
}

test('nothing refers to notes that are not in the repository', () => {
  // The brackets keep this line from being found.
  const outside =
    /codex-[f]acts|\bfacts? (?:[M]|\d\.)\d|\bdesign [1-9]|\b(?:pty|peers|cases|style|design)[.]md\b|[.]{2}\/shared\//;
  const found = [...sources, ...DOCUMENTS].filter((file) => outside.test(read(file)));
  expect(found).toEqual([]);
});

describe('README.md', () => {
  const [, after = ''] = read('README.md').split('\n## Configuration\n');
  const [configuration = ''] = after.split('\n## ');

  test('has every setting with its default, values and help, as the table in src/state does', () => {
    const values = ({ default: usual, values, from, to }: Setting) => {
      if (typeof usual === 'number') return `${from} to ${to}`;
      const words = typeof usual === 'boolean' ? [true, false] : values;
      return words?.map((word) => `\`${JSON.stringify(word)}\``).join(', ') ?? 'text';
    };
    const rowsOf = (table: Record<string, Setting>, prefix = '') =>
      Object.entries(table).map(([key, setting]) => {
        const variable =
          setting.variable === undefined ? '' : ` (one session: \`${setting.variable}\`)`;
        const usual = JSON.stringify(setting.default);
        return `| \`${prefix}${key}\` | \`${usual}\` | ${values(setting)} | ${setting.help}${variable} |`;
      });
    const written = configuration.split('\n').filter((line) => line.startsWith('| `'));
    expect(written).toEqual([...rowsOf(SETTINGS), ...rowsOf(TARGET_SETTINGS, 'targets.<name>.')]);
  });
});

test.each(DOCUMENTS)('%s: what it links to is there', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g)].map(([, to]) => to);
  const gone = links.filter((to) => !existsSync(new URL(to as string, new URL(file, ROOT))));
  expect(gone).toEqual([]);
});

test.each(DOCUMENTS)('%s: its npm scripts exist', (file) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(file).matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name as string);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
