import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listSettings } from '../../src/cli/set-up/settings.ts';
import { CONFIG_DEFAULTS } from '../../src/state/config.ts';

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
  const namesIn = (table: string) =>
    [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
      [...(cell as string).matchAll(/`([\w-]+)[^`]*`/g)].map(([, name]) => name as string),
    );

  test('has every setting with its default, and no other', () => {
    const keys = listSettings({ ...CONFIG_DEFAULTS, version: 1, targets: [] }).map(
      ({ key }) => key,
    );
    expect(namesIn(configuration).sort()).toEqual(['targets', ...keys].sort());
    for (const [key, standard] of Object.entries(CONFIG_DEFAULTS)) {
      const row = configuration.split('\n').find((line) => line.includes(`\`${key}\``));
      expect(row).toContain(`| \`${JSON.stringify(standard)}\` |`);
    }
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
