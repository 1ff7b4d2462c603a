import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

// The README's table of commands, and what the built command says of itself.

/** What follows our name in a sentence, not on a command line. */
const PROSE = ['has'];

test('the README has every command, and no other', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [before = '', rest = ''] = readme.split('\n## Commands\n');
  const [commands = '', after = ''] = rest.split('\n## Configuration\n');

  const help = createHome().ok(['--help']).split('\nCommands:\n')[1] ?? '';
  const known = [...help.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name as string);
  // `config list`, `get`, `set` are one of them.
  const named = namesIn(commands).filter((name) => !['get', 'set'].includes(name));
  expect(named.sort()).toEqual(known.filter((name) => name !== 'help').sort());
  const said = [...(before + after).matchAll(/\bcodex-hotswap ([a-z][\w-]+)/g)];
  const words = said.map(([, name]) => name as string);
  expect(words.filter((name) => !known.includes(name) && !PROSE.includes(name))).toEqual([]);
});

/** The words in code marks that the first cells of a table begin with. */
function namesIn(table: string): string[] {
  return [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...(cell as string).matchAll(/`([\w-]+)[^`]*`/g)].map(([, name]) => name as string),
  );
}
