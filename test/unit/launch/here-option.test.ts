import { expect, test } from 'vitest';
import { extractHereOption } from '../../../src/launch/here-option.ts';

test.each([
  ['resume id --here', 'resume id'],
  ['resume --here id', 'resume id'],
  ['resume --here --last go', 'resume --last go'],
  ['-m x resume id go --here', '-m x resume id go'],
  ['--here resume', 'resume'],
  ['fork --here id', 'fork id'],
  ['exec resume --here id go', 'exec resume id go'],
])('codex %s resumes here', (typed, left) => {
  expect(extractHereOption(typed.split(' '))).toEqual({ args: left.split(' '), here: true });
});

test.each([
  '--here',
  'exec --here go',
  'resume id -- --here',
  'resume id',
  'resume --here --help',
  'mcp --here',
])('codex %s is Codex’s own to understand', (typed) => {
  expect(extractHereOption(typed.split(' '))).toEqual({ args: typed.split(' '), here: false });
});
