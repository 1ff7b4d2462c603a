import { expect, test } from 'vitest';
import {
  nameCacheEntry,
  parseFeatures,
  probeCapabilities,
} from '../../../src/codex/capabilities.ts';
import { parseHelpOptions } from '../../../src/codex/help-text.ts';

const HELP = `Codex CLI

Usage: codex [OPTIONS] [PROMPT]

Commands:
  exec  Run Codex non-interactively --not-an-option

Options:
  -c, --config <key=value>
          Override a value, with \`--like-this\`
      --no-daemon
          Run without it
      --future <WHAT>
          New
  -i, --image <FILE>...
          Optional image(s)
      --maybe [<X>]  in one line
  -h, --help
          Print help
  -V, --version
          Print version
`;

test('the options of a help text', () => {
  expect(parseHelpOptions(HELP)).toEqual([
    { name: 'config', short: 'c', arity: 'one' },
    { name: 'no-daemon', arity: 'none' },
    { name: 'future', arity: 'one' },
    { name: 'image', short: 'i', arity: 'many' },
    { name: 'maybe', arity: 'one' },
  ]);
});

test('features with stages of one word and two', () => {
  const list = [
    'apps                        stable             true',
    'cli_resume_account_check    under development  false',
    'collaboration_modes         removed            true',
    'WARNING: something else',
    '',
  ].join('\n');
  expect(parseFeatures(list)).toEqual({
    apps: true,
    cli_resume_account_check: false,
    collaboration_modes: true,
  });
});

test('asks the binary, and lives with one that has no features', async () => {
  const answers: Record<string, string> = { '--help': HELP };
  const run = async ([first]: readonly string[]) => {
    const answer = answers[first as string];
    if (answer === undefined) throw new Error('usage');
    return answer;
  };
  expect(await probeCapabilities(run)).toEqual({
    noDaemon: true,
    features: {},
    learnedOptions: [
      { name: 'future', arity: 'one' },
      { name: 'maybe', arity: 'one' },
    ],
  });
  delete answers['--help'];
  await expect(probeCapabilities(run)).rejects.toThrow('usage');
});

test('every stamp has its own key, fit for a file name', () => {
  const stamp = { path: '/usr/bin/codex', size: 1, mtimeMs: 2 };
  const others = [
    { ...stamp, path: '/x' },
    { ...stamp, size: 2 },
    { ...stamp, mtimeMs: 2.5 },
    stamp,
  ];
  expect(new Set(others.map(nameCacheEntry)).size).toBe(4);
  expect(nameCacheEntry(stamp)).toBe(nameCacheEntry({ ...stamp }));
  expect(nameCacheEntry(stamp)).toMatch(/^[0-9a-f]{24}$/);
});
