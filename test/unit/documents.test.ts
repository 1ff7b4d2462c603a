import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SETTINGS, type Setting, TARGET_SETTINGS } from '../../src/state/settings.ts';

// What the READMEs say exists, and what exists they say.

const ROOT = new URL('../../', import.meta.url);
const DOCUMENTS = ['README.md', 'src/README.md', 'test/README.md', 'CHANGELOG.md'];
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');

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

test.each(['README.md', 'test/README.md'])('%s: its npm scripts exist', (file) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(file).matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name as string);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
