import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { takeHereOption } from '../../../src/launch/here-option.ts';

const parse = (line: string) => parseArgv(line.split(' '));

test.each([
  ['resume id --here', 'resume id'],
  ['resume --here id', 'resume id'],
  ['resume --here --last go', 'resume --last go'],
  ['-m x resume id go --here', '-m x resume id go'],
  ['--here resume', 'resume'],
  ['fork --here id', 'fork id'],
  ['exec resume --here id go', 'exec resume id go'],
  ['resume --here id go one-too-many', 'resume id go one-too-many'],
  ['resume --future x --here', 'resume --future x'],
])('codex %s resumes here', (typed, left) => {
  expect(takeHereOption(parse(typed))).toEqual({ invocation: parse(left), here: true });
});

test.each([
  '--here',
  'exec --here go',
  'resume id -- --here',
  'resume id',
  'resume --here --help',
  'mcp --here',
  'resume --here=id',
  'resume --here=id -- --here',
])('codex %s is Codex’s own to understand', (typed) => {
  expect(takeHereOption(parse(typed))).toEqual({ invocation: parse(typed), here: false });
});
