import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import {
  CONFIG,
  eventsOf,
  filesOf,
  furnishHome,
  linesOf,
  ROLLOUT,
  recordsOf,
  replace,
  rolloutOf,
  STATE,
} from '../package/hostile.ts';

type Home = ReturnType<typeof furnishHome>;
type Json = Record<string, unknown>;

const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
/** What may stand in the place of any field. `1e999` is Infinity to a JSON parser. */
const VALUES: [string, unknown][] = [
  ['null', null],
  ['[]', []],
  ['[null]', [null]],
  ['{}', {}],
  ['{"toString":1}', { toString: 1, valueOf: 1 }],
  ['""', ''],
  ['1e308', 1e308],
  ['-1', -1],
  ['milliseconds', 1_799_000_000_000],
  ['8.64e12 s and more', 9e12],
  ['a text', 'not a number'],
  ['a year of seven digits', '9999999-01-01T00:00:00Z'],
  ['10,000 characters', 'y'.repeat(10_000)],
  ['1,000 deep', nested(1000)],
  ['true', true],
];

/** All that read records; in the order in which they change the least. */
const COMMANDS = [
  ...[['sessions'], ['sessions', '--json'], ['log', '-n', '999'], ['explain', 'ROLLOUT']],
  ...[['status'], ['status', '--json'], ['current'], ['doctor'], ['next', '--print-only']],
  ...[
    ['use', 'acc1'],
    ['use', 'acc2'],
    ['reset', 'acc1'],
    ['complete', '--', 'use', ''],
  ],
];

/** Runs a command in this process: there are thousands of runs. Returns its exit status and what it printed. */
async function runHere(home: Home, args: string[]): Promise<{ status: number; output: string }> {
  const { env } = process;
  let output = '';
  const keep = (chunk: unknown) => {
    output += String(chunk);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  const words = args.map((word) => (word === 'ROLLOUT' ? home.path(ROLLOUT) : word));
  process.env = { ...home.env };
  try {
    return { status: await runCli(words), output };
  } finally {
    process.env = env;
    process.exitCode = undefined;
    process.stdout.removeAllListeners('error');
    for (const spy of spies) spy.mockRestore();
  }
}

async function expectNoBug(home: Home, what: string, commands = COMMANDS): Promise<void> {
  for (const args of commands) {
    const { status, output } = await runHere(home, args);
    const shown = `${what}, ${args.join(' ')}: ${status} ${output.slice(0, 2000)}`;
    expect([0, 1, 2, 75, 77, 78], shown).toContain(status);
    expect(output, shown).not.toMatch(/\bbug\b|\n {4}at |Invalid Date|\bNaN:/);
  }
}

/** Every copy of a value in which one field, at any depth, has another value. */
function* withEachField(value: unknown, other: unknown): Generator<unknown> {
  yield other;
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) {
      for (const changed of withEachField(inner, other)) yield value.with(index, changed);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      for (const changed of withEachField(inner, other)) yield { ...value, [key]: changed };
    }
  }
}

test.each(VALUES)('a record with %s in any one field is no bug', async (_, other) => {
  const home = furnishHome();
  const events = eventsOf('x').flatMap((event) => [...withEachField(event, other)]);
  home.write(`${STATE}/events.jsonl`, linesOf(events.filter((event) => event !== other)));
  const lines = rolloutOf('x').flatMap((line) => [...withEachField(line, other)]);
  home.write(ROLLOUT, linesOf([rolloutOf('x')[0], ...lines]));
  const states = recordsOf(home);
  // Each launch is a file of its own, so that all of them are read at once.
  const session = states[`${STATE}/sessions/20261120T100000000Z-1.json`];
  for (const [index, changed] of [...withEachField(session, other)].entries()) {
    const file = `${STATE}/sessions/20261121T100000000Z-${index + 10}.json`;
    home.write(file, JSON.stringify(changed));
  }
  await expectNoBug(home, 'events, rollouts and launches');
});

// One field after the other: each needs a run of its own.
const single = Object.keys(recordsOf({ path: String } as unknown as Home));
test.each(single.filter((file) => !file.includes('/sessions/')))(
  '%s with any value in any one field is no bug',
  async (file) => {
    const home = furnishHome();
    const whole = recordsOf(home)[file] as Json;
    for (const [name, other] of VALUES) {
      for (const changed of withEachField(whole, other)) {
        home.write(file, JSON.stringify(changed));
        const what = `${name}: ${JSON.stringify(changed).slice(0, 500)}`;
        await expectNoBug(home, what, [file.includes('renaming') ? ['use', 'acc1'] : ['status']]);
      }
    }
  },
);

const PLACES: [string, (path: string) => void][] = [
  ['an empty file', (path) => writeFileSync(path, '')],
  ['half a file', (path) => writeFileSync(path, '{"version":1,"mar')],
  ['bytes that are no text', (path) => writeFileSync(path, Buffer.from([0, 0xff, 0xfe, 10, 0x80]))],
  ['JSON nested 100,000 deep', (path) => writeFileSync(path, '['.repeat(100_000))],
  ['a whole one nested so', (path) => writeFileSync(path, '['.repeat(1e5) + ']'.repeat(1e5))],
  [
    'an object nested so',
    (path) => writeFileSync(path, `{"type":"x","y":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
  ],
  [
    'a file of 50 MB',
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 50 * 1024 * 1024);
    },
  ],
  [
    'a line of 5 MB',
    (path) => writeFileSync(path, `{"type":"token_count","x":"${'y'.repeat(5e6)}"}`),
  ],
  ['a directory', (path) => mkdirSync(path)],
];

test.each(PLACES)('%s in the place of any file is no bug', async (what, put) => {
  const home = furnishHome();
  const files = filesOf(home);
  for (const file of files) replace(home, file, put);
  await expectNoBug(home, what);
  // The configuration is the user's to correct: with a whole one the others are read.
  for (const file of files) replace(home, file, put);
  replace(home, '.config/codex-hotswap/config.json', (path) => writeFileSync(path, CONFIG));
  await expectNoBug(home, `${what}, but the configuration`);
});
