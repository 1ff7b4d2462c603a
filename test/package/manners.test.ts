import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cutToWidth } from '../../src/cli/cut-to-width.ts';
import { describeEvent } from '../../src/cli/look/event-text.ts';
import { type LoggedEvent, readEvent } from '../../src/cli/look/read-event.ts';
import { fitTable } from '../../src/cli/table.ts';
import { describeWait } from '../../src/cli/time-text.ts';
import { describeTime } from '../../src/local-time.ts';
import { createHome } from './sandbox.ts';

describe('wrong usage is one line with the way out', () => {
  test.each([
    [['stattus'], 2, /unknown command 'stattus' \(Did you mean status\?\)/],
    [['use'], 2, /missing required argument 'account'/],
    [['use', 'acc1', 'acc2'], 2, /too many arguments/],
    [['status', '--jsn'], 2, /unknown option '--jsn'/],
    [['use', 'nobody'], 2, /no account called "nobody"; you have: acc1, acc2/],
    [['reset', 'nobody'], 2, /no account called "nobody"/],
    [['login', '../x'], 2, /no account called/],
    [['setup', '--force', '--accounts', '..'], 2, /cannot be the name of an account/],
    [['setup', '--force', '--accounts', 'a/b'], 2, /cannot be the name of an account/],
    [['setup', '--force', '--count', '0'], 2, /from 1 to 99/],
    [['log', '-n', 'x'], 2, /expected a number/],
    [['use', '-'], 2, /no account was current before/],
    [['launch'], 2, /needs an account .*; name one: acc1, acc2$/m],
    [['resume'], 2, /needs a thread .*; give its id, or --last/],
    [['explain', '/nowhere'], 2, /\/nowhere does not exist; give/],
    [['explain', '/'], 2, /\/ is no file; give/],
  ])('%j', (args, status, message) => {
    const home = createHome();
    home.ok(['setup']);
    const ran = home.run(args);
    expect(ran.status).toBe(status);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).toMatch(/^codex-hotswap: [^\n]+\n$/);
  });

  const NEEDS_ACCOUNTS = [
    ...[
      'status',
      'list',
      'current',
      'use x',
      'use -',
      'next',
      'next --print-only',
      'reset',
      'reset x',
    ],
    ...['refresh', 'refresh x', 'login x', 'rename x y', 'remove x', 'remove x --yes', 'sessions'],
    ...[
      'enable',
      'enable x',
      'disable x',
      'launch',
      'launch x',
      'config list',
      'config get prompt',
    ],
    ...['config set prompt x', 'resume', 'resume --last'],
  ];
  const NOT_SET_UP: [string, (home: ReturnType<typeof createHome>) => unknown][] = [
    ['without a setup', () => {}],
    [
      'without accounts',
      (home) => home.ok(['setup', '--count', '1']) && home.ok(['remove', 'acc1']),
    ],
  ];

  test.each(NEEDS_ACCOUNTS.flatMap((line) => NOT_SET_UP.map((state) => [line, ...state] as const)))(
    '%s %s: the advice is setup',
    (line, _state, prepare) => {
      const home = createHome();
      prepare(home);
      const ran = home.run(line.split(' '));
      expect(ran.status).toBe(78);
      expect(ran.stderr).toMatch(/^codex-hotswap: not set up yet .*; run: codex-hotswap setup\n$/);
      expect(home.run(['setup']).status).toBe(0);
    },
  );

  test('a malformed configuration names file, key and what was expected', () => {
    const home = createHome();
    home.write('.config/codex-hotswap/config.json', '{"version":1,"targets":[{"name":"a/b"}]}');
    const ran = home.run(['status']);
    expect(ran.status).toBe(78);
    expect(ran.stderr).toMatch(/config\.json: targets\[0\]\.name must be .*\n$/);
  });

  test.skipIf(process.getuid?.() === 0)('a home that cannot be written', () => {
    const home = createHome();
    chmodSync(home.home, 0o500);
    const ran = home.run(['setup']);
    expect(ran.status).toBe(73);
    expect(ran.stderr).toMatch(/^codex-hotswap: .*cannot be written.*\n$/);
  });

  test('a home that is a file', () => {
    const home = createHome();
    mkdirSync(home.path('deep'));
    const ran = home.run(['setup'], { HOME: home.write('deep/file', '') });
    expect(ran.status).toBe(73);
    expect(ran.stderr).toMatch(/^codex-hotswap: .*\n$/);
  });
});

test('the --help of every command has an example', () => {
  const home = createHome();
  const list = home.ok(['--help']).split('\nCommands:\n')[1] ?? '';
  const commands = [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name as string);
  expect(commands.length).toBeGreaterThan(20);
  const without = commands
    .filter((command) => command !== 'help')
    .filter((command) => !/\nExamples?:\n {2}.*codex-hotswap/.test(home.ok([command, '--help'])));
  expect(without).toEqual([]);
});

test('--version', () => {
  expect(createHome().ok(['--version'])).toMatch(/^\d+\.\d+\.\d+/);
});

test('a reader that has seen enough is no error', () => {
  const home = createHome();
  const command = `'${process.execPath}' dist/bin/codex-hotswap.js --help | true`;
  const shell = ['-c', `set -o pipefail; ${command}`];
  expect(() => execFileSync('bash', shell, { env: home.env, stdio: 'pipe' })).not.toThrow();
});

describe('words', () => {
  const now = new Date(2026, 10, 21, 12, 0, 0);
  const at = (...date: [number, number, number, number, number]) =>
    new Date(...date).getTime() / 1000;

  test.each([
    [at(2026, 10, 21, 15, 12), '15:12', 'in 3 h 12 min'],
    [at(2026, 10, 21, 12, 1), '12:01', 'in less than a minute'],
    [at(2026, 10, 21, 12, 5), '12:05', 'in 5 min'],
    [at(2026, 10, 22, 12, 0), 'Nov 22 12:00', 'in 1 d'],
    [at(2026, 10, 23, 15, 5), 'Nov 23 15:05', 'in 2 d 3 h'],
    [at(2027, 0, 1, 0, 0), 'Jan 1, 2027 00:00', 'in 40 d 12 h'],
  ])('%d is %s, %s', (time, text, wait) => {
    expect(describeTime(time, now)).toBe(text);
    expect(describeWait(time, now)).toBe(wait);
  });

  test('a table, whose columns go as the terminal gets narrow', () => {
    const rows = [
      ['a', 'bb', 'c'],
      ['aaa', '', ''],
    ];
    const fitted = (width?: number) =>
      fitTable(rows, { width, dispensable: [1, 2] }).map(({ before, last }) =>
        `${before}${last}`.trimEnd(),
      );
    expect(fitted()).toEqual(['a    bb  c', 'aaa']);
    expect(fitted(8)).toEqual(['a    c', 'aaa']);
    expect(fitted(3)).toEqual(['a', 'aaa']);
  });

  test('the log in sentences, newer events included', () => {
    const log = (event: object) =>
      describeEvent(
        readEvent(JSON.stringify({ at: now.toISOString(), ...event })) as LoggedEvent,
        now,
      );
    expect(log({ type: 'rotated', from: 'a', to: 'b', kind: 'window-5h', thread: 't' })).toBe(
      '12:00  went from a to b: its 5-hour limit is used up [thread t]',
    );
    expect(log({ type: 'brand-new', x: 1 })).toBe('12:00  brand-new {"x":1}');
  });
});

test('log reads what was written, and skips what is no event', () => {
  const home = createHome();
  const event = { at: '2026-11-20T10:00:00.000Z', type: 'notice', message: 'hello' };
  const lines = ['half a li', JSON.stringify(event), 'null', '{"no":"type"}', ''];
  home.write('.local/state/codex-hotswap/events.jsonl', lines.join('\n'));
  expect(home.ok(['log'])).toMatch(/hello\n$/);
  expect(home.ok(['log', '--json'])).toBe(`${JSON.stringify(event)}\n`);
  expect(createHome().ok(['log'])).toBe('nothing has happened yet\n');
});

test.each([
  ['short', 10, 'short'],
  ['a longer one', 5, 'a lon'],
  ['日本語です', 5, '日本'],
  ['e\u0301e\u0301e', 2, 'e\u0301e\u0301'],
  ['a\u001b[31mb\nc', 20, 'a\\x1b[31mb\\nc'],
])('%j in %i columns', (text, columns, shown) => {
  expect(cutToWidth(text, columns)).toBe(shown);
});
