import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONFIG, filesOf, furnishHome, ROLLOUT, replace } from './hostile.ts';

/** Everything that a terminal obeys, that ends a line, that turns or hides what is written, or that is half a character. */
const COMMANDING = [
  '\u001b[2J\u001b[31m',
  '\u001b]52;c;eA==\u0007',
  '\u001b]0;title\u001b\\',
  '\u001bP1$r\u001b\\',
  '\u0000\u0007\b\t\u000b\f\r\u007f',
  '\u0080\u0085\u008d\u0090\u009b2J\u009d0;t\u009c\u009f',
  '\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c',
  '\u2028\u2029\u200b\u2060\ufeff\u00ad\u{e0041}',
  '\ud800x\udc00',
].join('');

const TEXTS: [string, string][] = [
  ['commands to a terminal', COMMANDING],
  ['a forged line', 'repo\n  FAKE acc2\r\nFAKE line\u2028FAKE\u0085FAKE'],
  ['10,000 characters', 'y'.repeat(10_000)],
  ['10,000 combining marks', `z${'\u0301'.repeat(10_000)}`],
  ['nothing but newlines', '\n'.repeat(50)],
];

const OBEYED =
  /[^\P{Cc}\n]|[\p{Cs}\u061c\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;
/** A line of ours, with what stands before it. */
const LONGEST = 5100;

test.each(TEXTS)('no command obeys, forges or floods with %s', (_, text) => {
  const home = furnishHome(text);
  const recording = home.write('recording', `\u001b[31m■ ${text} usage limit\u001b[0m\r\n`);
  const step = { note: text, facts: { [text]: text }, state: text, event: { name: text } };
  const trace = home.write('trace', `{"trace":"codex-hotswap"}\n${JSON.stringify(step)}\n`);
  const word = text.replaceAll('\0', '');
  const commands: string[][] = [
    ...[['status'], ['status', '--json'], ['sessions'], ['sessions', '--json'], ['current']],
    ...[
      ['sessions', '--active'],
      ['log', '-n', '99'],
      ['log', '-n', '99', '--json'],
    ],
    ...[
      ['explain', home.path(ROLLOUT)],
      ['explain', recording],
      ['explain', trace],
      ['explain', word],
    ],
    ...[
      ['doctor'],
      ['doctor', '--json'],
      ['doctor', '--report'],
      ['use', 'acc2'],
      ['use', 'acc1'],
      ['use', word],
    ],
    ...[['next', '--print-only'], ['next'], ['refresh'], ['reset', 'acc1'], ['config']],
    ...[['import', word], ['import', home.path('logins/cyd')], ['launch', word], ['resume']],
    ...[['import', home.path('logins/cyd'), '--as', word], ['complete', '--', 'use', ''], [word]],
    ...[
      ['import', home.path('logins/cyd'), '--as', 'acc3'],
      ['rename', 'acc1', word],
    ],
    ...[
      ['remove', 'acc1'],
      ['rename', 'acc1', 'acc4'],
      ['status', `--${word}`],
    ],
    ...[['uninstall'], ['doctor', '--fix']],
  ];
  for (const args of commands) {
    const ran = home.run(args, { REFUSED: args[0] === 'next' ? '1' : '' });
    const output = ran.stdout + ran.stderr;
    const shown = `${args.join(' ')}: ${JSON.stringify(output.slice(0, 3000))}`;
    expect(ran.status, shown).not.toBeNull();
    expect(ran.status, shown).not.toBe(70);
    expect(output, shown).not.toMatch(/\bbug\b/);
    expect(output.match(OBEYED), shown).toBeNull();
    for (const line of output.split('\n')) {
      expect(line, shown).not.toMatch(/^\W*FAKE/);
      if (!args.includes('--json')) expect(line.length, shown).toBeLessThan(LONGEST);
    }
  }
  expect(home.run(['refresh'], { REFUSED: '1' }).stdout).not.toMatch(OBEYED);
});

test('what is told stays readable', () => {
  const home = furnishHome('Zoë\n日本');
  expect(home.ok(['status'])).toContain('Zoë\\n日本');
  expect(home.ok(['sessions'])).toContain('codex in Zoë\\n日本');
  expect(home.ok(['log', '-n', '99'])).toContain('started codex under Zoë\\n日本');
  const { sessions } = JSON.parse(home.ok(['sessions', '--json']));
  expect(sessions[0].cwd).toBe('Zoë\n日本');
});

test('a named pipe in the place of any file keeps no command waiting', () => {
  const home = furnishHome();
  for (const file of filesOf(home)) replace(home, file, (path) => spawnSync('mkfifo', [path]));
  replace(home, '.config/codex-hotswap/config.json', (path) => writeFileSync(path, CONFIG));
  const commands = ['sessions', 'log', 'status', 'doctor', 'use acc2', 'next', `import`, 'resume'];
  for (const command of [...commands, `explain ${home.path(ROLLOUT)}`]) {
    const ran = home.run(command.split(' '), {}, PATIENCE_MS);
    const shown = `${command}: ${ran.status} ${ran.stderr}${ran.stdout}`;
    expect([0, 1, 2, 75, 77], shown).toContain(ran.status);
    expect(shown).not.toMatch(/\bbug\b/);
  }
});

/** Far longer than any of them takes. */
const PATIENCE_MS = 50_000;
