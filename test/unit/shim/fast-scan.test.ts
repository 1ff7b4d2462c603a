import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { COMMANDS, OPTIONS } from '../../../src/codex/grammar.ts';
import { quoteForShell } from '../../../src/shell-word.ts';
import { SHIM_TEMPLATE } from './sandbox.ts';

const SCAN = /^is_utility\(\) \{\n.*?^\}$/ms.exec(readFileSync(SHIM_TEMPLATE, 'utf8'))?.[0] ?? '';

/** What the shim says of each command line, all in one sh. */
function scanAll(lines: readonly (readonly string[])[]): boolean[] {
  const calls = lines.map(
    (words) => `is_utility ${words.map(quoteForShell).join(' ')} && echo 1 || echo 0`,
  );
  const answers = execFileSync('sh', { input: `${SCAN}\n${calls.join('\n')}\n`, encoding: 'utf8' });
  return answers
    .trimEnd()
    .split('\n')
    .map((answer) => answer === '1');
}

function maySkipLauncher(words: readonly string[]): boolean {
  const invocation = parseArgv(words);
  return (
    invocation.mode === 'passthrough' && ['utility', 'help', 'version'].includes(invocation.reason)
  );
}

const optionWords = Object.values(OPTIONS)
  .flat()
  .flatMap(({ name, short, aliases = [] }) => [
    ...[name, ...aliases].flatMap((long) => [`--${long}`, `--${long}=v`]),
    ...(short ? [`-${short}`, `-${short}v`, `-${short}=v`] : []),
  ]);
const VOCABULARY = [
  ...new Set([
    ...COMMANDS.keys(),
    ...optionWords,
    ...[
      '-h',
      '--help',
      '-V',
      '--version',
      '--',
      '-',
      '',
      'fix the bug',
      '--unknown',
      '--unknown=v',
    ],
    ...['daemon', 'proxy', 'generate-ts', 'off', 'stdio://', 'unix://', 'ws://127.0.0.1:1'],
    ...['-x', 'x=1', 'status', '019a0000-0000-7000-8000-000000000000', 'a\nmcp', ' mcp', 'mcp '],
  ]),
];

test('the shim never keeps from the launcher what parseArgv would supervise', () => {
  const lines = fc.sample(fc.array(fc.constantFrom(...VOCABULARY), { maxLength: 5 }), {
    numRuns: 6000,
    seed: 2,
  });
  for (const first of VOCABULARY) for (const second of VOCABULARY) lines.push([first, second]);
  const answers = scanAll(lines);
  const wrong = lines.filter((line, index) => answers[index] && !maySkipLauncher(line));
  expect(wrong).toEqual([]);
});

test.each([
  ['--version'],
  ['-V'],
  ['--help'],
  ['-h'],
  ['help', 'exec'],
  ['exec', '--help'],
  ['resume', '-h'],
  ['mcp', 'list'],
  ['-c', 'model="x"', 'mcp', 'list'],
  ['--config=a=b', '-mfoo', 'features', 'list'],
  ['-C', '/tmp', '--search', 'doctor'],
  ['completion', 'zsh'],
  ['app-server', '--listen', 'unix:///tmp/s'],
  ['app-server', '--listen=ws://127.0.0.1:1'],
  ['app-server', '--listen', 'off'],
  ['app-server', 'daemon', 'start'],
  ['app-server', 'proxy'],
  ['-c', 'a=b', 'app-server', 'generate-ts', '--out'],
  ['app-server', '--help'],
  ['mcp-server'],
  ['remote-control'],
  ['sandbox', '--', 'ls'],
  ['debug', 'models'],
])('%s %s %s %s costs no Node', (...words) => {
  expect(scanAll([words])).toEqual([true]);
});

test.each([
  [[]],
  [['hello']],
  [['--', 'mcp']],
  [['-i', 'a.png', 'mcp']],
  [['-m', '-h']],
  [['exec', 'mcp']],
  [['login', 'status']],
  [['logout']],
  [['--unknown', 'mcp']],
  [['--remote', 'ws://x', 'mcp']],
  [['app-server']],
  [['-c', 'a=b', 'app-server', '--listen', 'stdio://']],
  [['app-server', '--listen=stdio://', '--analytics-default-enabled']],
  [['daemon']],
  [['off']],
  [['--listen', 'off', 'app-server']],
])('%j is left to the launcher', (words) => {
  expect(scanAll([words])).toEqual([false]);
});
