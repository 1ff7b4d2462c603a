import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SETTINGS, TARGET_SETTINGS } from '../../src/state/settings.ts';
import { CONFIG, eventsOf, furnishHome } from './hostile.ts';
import { createHome } from './sandbox.ts';

const CONFIG_FILE = '.config/codex-hotswap/config.json';
const STATE = '.local/state/codex-hotswap';
type Home = ReturnType<typeof createHome>;

/** The report; it is whole, and its exit status is 0. */
function reportOf(home: Home, extra: Record<string, string> = {}): string {
  const ran = home.run(['doctor', '--report'], extra);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^```text\ncodex-hotswap report of /);
  expect(ran.stdout).toMatch(/\n-- the last 50 events\n[\s\S]+\n```\n$/);
  return ran.stdout;
}

/** The value with each text in it replaced by a marker of its own, `zq1`, `zq2`, …, in the form that `dress` gives it. */
function mark(value: unknown, dress: (marker: string) => string, count = { of: 0 }): unknown {
  if (typeof value === 'string') return dress(`zq${++count.of}`);
  if (Array.isArray(value)) return value.map((item) => mark(item, dress, count));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mark(item, dress, count)]);
  return Object.fromEntries(entries);
}

const linesOf = (events: unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

const FORMS: [string, (marker: string) => string][] = [
  ['a word', (marker) => marker],
  ['words between ours', (marker) => `the login of ${marker} is gone, ${marker.toUpperCase()}!`],
  ['a path', (marker) => `/home/${marker}/work/${marker}.txt`],
  ['a path below the home directory', (marker) => `~/${marker}/x ${marker}`],
  ['an address', (marker) => `${marker}@${marker}.example.org`],
  ['a joined name', (marker) => `login-${marker}.json`],
  ['other scripts', (marker) => `日本${marker}語`],
  ['a token', (marker) => `sk-${marker}${'A'.repeat(40)}`],
];

test.each(FORMS)('no event tells anything in any field: %s', (_, dress) => {
  const home = furnishHome();
  const events = eventsOf('x').map(({ at, type, ...fields }) => ({
    ...{ at, type },
    ...(mark(fields, dress) as object),
  }));
  const types = mark(eventsOf('x'), dress) as object[];
  home.write(`${STATE}/events.jsonl.1`, linesOf(types));
  home.write(`${STATE}/events.jsonl`, linesOf(events));
  const report = reportOf(home);
  expect(report).not.toMatch(/zq|日|sk-/i);
  expect(report).toContain('adopted');
  expect(report).toMatch(/ rotated .*left=3 minutes=300$/m);
});

test.each(FORMS)('no record, login, setting of Codex or variable does: %s', (_, dress) => {
  const text = dress('zq');
  const home = furnishHome(text);
  const USER = text;
  const report = reportOf(home, {
    ...{ TERM: text, TERM_PROGRAM: text, TERM_PROGRAM_VERSION: text, COLORTERM: text, USER },
    ...{ LOGNAME: text, SHELL: text, CODEX_ZQ: text, CODEX_HOTSWAP_WAIT: text },
  });
  expect(report).not.toMatch(/zq|日|sk-|acc[12]|\bann\b|\bbob\b/i);
  expect(report).not.toContain(home.home);
});

const KEYS = [
  ...Object.keys(SETTINGS).map((key) => [key, (value: unknown) => ({ [key]: value })] as const),
  ...['name', 'vault', ...Object.keys(TARGET_SETTINGS)].map(
    (key) =>
      [`targets.${key}`, (value: unknown) => ({ targets: [{ name: 'a', [key]: value }] })] as const,
  ),
  ['rules.path', (value: unknown) => ({ rules: [{ path: value, targets: ['acc1'] }] })] as const,
  [
    'rules.targets',
    (value: unknown) => ({
      rules: [{ path: '/srv', targets: [String(value).replaceAll('/', '-')] }],
    }),
  ] as const,
  ['version', (value: unknown) => ({ version: value })] as const,
  ['newer', (value: unknown) => ({ zq: value, [String(value)]: 1 })] as const,
];

test.each(KEYS)('setting %s tells nothing', (_, configOf) => {
  for (const value of ['zq', '/zq/vault']) {
    const home = createHome();
    home.write(CONFIG_FILE, JSON.stringify({ ...JSON.parse(CONFIG), ...configOf(value) }));
    const report = reportOf(home);
    expect(report).not.toMatch(/zq/i);
    expect(report).toMatch(/-- settings\n(strategy = order|cannot be told: .*config\.json)/);
  }
});

test('what is one thing has one name throughout', () => {
  const home = createHome();
  home.writeVault('acc1', 'ann');
  home.writeVault('work', 'bob');
  home.ok(['setup', '--accounts', 'acc1,work', '--install-shim']);
  const thread = '019a0000-0000-7000-8000-000000000001';
  const at = '2026-11-20T10:00:00.000Z';
  const message = `${home.path('projects/acme')}/a: ann@example.com left ${thread} to work`;
  home.write(
    `${STATE}/events.jsonl`,
    linesOf([
      { at, type: 'launch', target: 'work', cwd: home.path('projects/acme') },
      { at, type: 'rotated', from: 'acc1', to: 'gone', thread },
      { at, type: 'notice', message },
    ]),
  );
  const report = reportOf(home);
  expect(report).toContain('targets.account-2.vault = ~/.codex-account-2\n');
  expect(report).toContain('ok     account-1 (account-1, plus, token ');
  expect(report).toContain(' launch target=account-2 cwd=<dir-1>\n');
  expect(report).toContain(' rotated from=account-1 to=account-3 thread=thread-1\n');
  expect(report).toContain(' notice message=<dir-1>/a: account-1 left thread-1 to account-2\n');
});

const BROKEN: [string, (home: Home) => void, RegExp][] = [
  ['nothing is set up', (home) => rmSync(home.path(CONFIG_FILE)), /not set up yet/],
  ['a broken configuration', (home) => home.write(CONFIG_FILE, '{'), /is not valid JSON/],
  [
    'a directory in its place',
    (home) => {
      rmSync(home.path(CONFIG_FILE));
      mkdirSync(home.path(CONFIG_FILE));
    },
    /config\.json: cannot be read \(EISDIR\)/,
  ],
  [
    'a log that cannot be read',
    (home) => {
      rmSync(home.path(`${STATE}/events.jsonl`));
      mkdirSync(home.path(`${STATE}/events.jsonl`));
    },
    /-- the last 50 events\n.*events\.jsonl cannot be read \(EISDIR\)/,
  ],
  [
    'a file where the state directory belongs',
    (home) => {
      rmSync(home.path(STATE), { recursive: true });
      writeFileSync(home.path(STATE), '');
    },
    /the state directory ~\/\.local\/state\/codex-hotswap is not a directory/,
  ],
  ['no Codex', (home) => rmSync(home.path('programs/codex')), /codex: no codex on PATH/],
  [
    'a Codex that fails',
    (home) => home.write('programs/codex', '#!/bin/sh\necho zq >&2\nexit 3\n', 0o755),
    /codex: .* does not run/,
  ],
  [
    'a broken login',
    (home) => home.write('.codex-acc2/auth.json', '{'),
    /account-2: ~\/\.codex-account-2\/auth\.json is not valid JSON/,
  ],
  [
    'a shared home that is a file',
    (home) => {
      rmSync(home.path('.codex'), { recursive: true });
      writeFileSync(home.path('.codex'), 'zq');
    },
    /the shared Codex home ~\/\.codex is not a directory/,
  ],
];

test.each(BROKEN)('it says so, and prints the rest: %s', (_, breakIt, message) => {
  const home = furnishHome();
  breakIt(home);
  const report = reportOf(home);
  expect(report).toMatch(message);
  expect(report).not.toContain('zq');
  expect(report).toMatch(/^ok {5}a pty can be opened$/m);
});

test('no other line is added, and nothing is changed', () => {
  const home = furnishHome('a\n```\n\u001b[31m`FAKE`');
  const list = () =>
    readdirSync(home.home, { recursive: true })
      .map(String)
      .filter((name) => !name.startsWith(`${STATE}/codex`))
      .sort();
  const before = list();
  const report = reportOf(home);
  expect(report.split('```')).toHaveLength(3);
  expect(report).not.toContain('\u001b');
  expect(report).not.toMatch(/^FAKE|FAKE/m);
  for (const line of report.split('\n')) expect(line.length).toBeLessThanOrEqual(400);
  expect(list()).toEqual(before);
});

test.each([['--json'], ['--fix']])('not with %s', (option) => {
  expect(createHome().run(['doctor', '--report', option]).status).toBe(2);
});
