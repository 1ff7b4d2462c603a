import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explainTrace } from '../../../src/cli/look/explain-trace.ts';
import type { Event } from '../../../src/handoff/events.ts';
import { advance, beginSession } from '../../../src/handoff/machine.ts';
import type { State } from '../../../src/handoff/states.ts';
import { isDebugTrace, MOST_TRACE_BYTES, openDebugTrace } from '../../../src/state/debug-trace.ts';
import { makeScratchHome, withUmask } from './scratch-home.ts';

function setUp(place: (file: string, home: string) => void = () => {}) {
  const { home } = makeScratchHome();
  const file = join(home, 'trace.jsonl');
  place(file, home);
  let seconds = 0;
  const now = () => new Date(1_795_000_000_000 + 1250 * seconds++);
  const warnings: string[] = [];
  const open = () =>
    openDebugTrace({ CODEX_HOTSWAP_DEBUG: file }, now, (line) => warnings.push(line));
  const read = () => readFileSync(file, 'utf8');
  return { file, home, open, read, warnings };
}

/** Events and effects of a session, with every kind of field that one has. */
const THREAD = '019a0000-0000-7000-8000-000000000001';
const thread = { id: THREAD, rollout: '/home/ann/rollout', title: 'ZQ' };
const STEPS = [
  {
    state: 'running',
    event: { name: 'triggered', source: 'state' },
    effects: [{ do: 'seek-proof', source: 'state', directory: '/home/ann' }, { do: 'hold-input' }],
    next: 'suspected',
  },
  {
    state: 'suspected',
    event: { name: 'proved', proof: { kind: 'window-5h', until: 1_800_000_000 }, thread },
    effects: [
      { do: 'choose', proof: { kind: 'window-5h', message: 'You have hit' } },
      { do: 'tell', line: 'ZQ', isUrgent: true },
      {
        do: 'start',
        plan: { args: ['ZQ'], env: { TOKEN: 'ZQ' } },
        goOnWith: 'ZQ',
        how: 'resume',
        thread,
      },
    ],
    next: 'choosing',
  },
  {
    state: 'running',
    event: { name: 'child-ended', ending: { kind: 'signalled', signal: 'SIGTERM', number: 15 } },
    effects: [],
    next: 'running',
  },
];

describe('what is written', () => {
  test('each step with its time, in a file of 0600 whatever the umask, and nothing else', () => {
    const { open, read, file, warnings } = setUp();
    const trace = withUmask(0, open);
    for (const step of STEPS) trace?.step(step);
    trace?.note('child-started', { pid: 7, args: ['ZQ'] });
    expect(warnings).toEqual([]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(isDebugTrace(file)).toBe(true);
    expect(read()).not.toMatch(/ZQ|You have|\/home/);
    expect(
      read()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { trace: 'codex-hotswap', pid: process.pid },
      {
        at: '2026-11-18T11:06:41.250Z',
        state: 'running',
        event: { name: 'triggered', source: 'state' },
        effects: [{ do: 'seek-proof', source: 'state' }, { do: 'hold-input' }],
        next: 'suspected',
      },
      {
        event: { proof: { kind: 'window-5h', until: 1_800_000_000 }, thread: { id: THREAD } },
        effects: [
          { do: 'choose', proof: { kind: 'window-5h' } },
          { do: 'tell', isUrgent: true },
          { do: 'start', how: 'resume', thread: { id: THREAD } },
        ],
      },
      { event: { ending: { signal: 'SIGTERM', number: 15 } }, effects: [] },
      { note: 'child-started', facts: { pid: 7 } },
    ]);
  });

  const PLAN = { file: '/ZQ', args: ['ZQ'], cwd: '/ZQ', env: { TOKEN: 'ZQ', name: 'ZQ' } };
  const ON = { id: THREAD, rollout: '/ZQ', cwd: '/ZQ', model: 'ZQ', effort: 'ZQ', hasGoal: true };
  const MARK = {
    kind: 'window-5h',
    at: 1,
    until: 2,
    limitName: 'ZQ',
    workspace: 'ZQ',
    message: 'ZQ',
  } as const;
  const FAILURE = { message: 'ZQ', line: 'ZQ', isFinal: false };
  /** An event of each type, with a marker in each field that could hold a word of the conversation, or a path. */
  const EVENTS: { [N in Event['name']]: Extract<Event, { name: N }> } = {
    proved: {
      name: 'proved',
      proof: { kind: 'window-5h', turnId: 't', message: 'ZQ', plan: 'ZQ', limitName: 'ZQ' },
      thread: ON,
    },
    'reasoning-refused': { name: 'reasoning-refused', thread: ON, turnId: 't', source: 'state' },
    'not-proved': { name: 'not-proved', source: 'state' },
    'child-ready': { name: 'child-ready' },
    'child-stopped': { name: 'child-stopped' },
    'child-continued': { name: 'child-continued' },
    'child-ended': {
      name: 'child-ended',
      ending: { kind: 'exited', code: 1 },
      cause: 'active-writer',
    },
    'start-failed': { name: 'start-failed', reason: 'ZQ cannot be started' },
    refused: { name: 'refused' },
    unsettled: { name: 'unsettled' },
    'login-gone': { name: 'login-gone' },
    triggered: { name: 'triggered', source: 'text' },
    unconfirmed: { name: 'unconfirmed', source: 'text' },
    bound: { name: 'bound', thread: ON },
    'turn-began': { name: 'turn-began' },
    'turn-succeeded': { name: 'turn-succeeded', beganAt: 0 },
    'agent-refused': {
      name: 'agent-refused',
      agent: { id: THREAD, name: 'ZQ' },
      proof: { kind: 'window-5h', turnId: 'a', message: 'ZQ', plan: 'ZQ', limitName: 'ZQ' },
    },
    'at-rest': { name: 'at-rest' },
    'running-low': { name: 'running-low', target: 'acc2', room: { left: 3, minutes: 300 } },
    spending: { name: 'spending' },
    chosen: { name: 'chosen', target: 'acc2', mark: MARK },
    'none-left': { name: 'none-left', mark: MARK, earliest: { target: 'acc1', until: 100 } },
    typed: { name: 'typed' },
    'account-back': { name: 'account-back', target: 'acc1' },
    'gave-up': { name: 'gave-up', reason: 'ZQ comes back' },
    'stop-overdue': { name: 'stop-overdue' },
    'commands-ended': {
      name: 'commands-ended',
      names: ['ZQ'],
      agents: [{ id: THREAD, name: 'ZQ' }],
    },
    moved: { name: 'moved', to: 'acc2', plan: { plan: PLAN, how: 'resume' } },
    'not-moved': { name: 'not-moved', to: 'acc2', shows: 'acc1', failure: FAILURE },
    stayed: { name: 'stayed', plan: PLAN },
    copied: { name: 'copied', copy: ON, plan: PLAN },
    'not-copied': { name: 'not-copied', failure: FAILURE },
    'retry-due': { name: 'retry-due' },
    signalled: { name: 'signalled', signal: 'SIGTERM', number: 15 },
    'hung-up': { name: 'hung-up' },
    flushed: { name: 'flushed' },
    restored: { name: 'restored' },
  };

  test('no step of the machine, from any state that it can reach, tells more', () => {
    const { open, read } = setUp();
    const trace = open();
    const rules = { isInteractive: true, accounts: 3, slackSeconds: 1, prompt: 'ZQ' };
    const { state: first, effects: firstEffects } = beginSession(rules, 'acc1', PLAN);
    trace?.note('begins', { effects: firstEffects });
    const seen = new Map<string, State>([[first.name, first]]);
    for (const before of seen.values()) {
      for (const event of Object.values(EVENTS)) {
        const { state: after, effects } = advance(before, event, 1_795_000_000_000);
        trace?.step({ state: before.name, event, effects, next: after.name });
        if (!seen.has(after.name)) seen.set(after.name, after);
      }
    }
    expect(seen.size).toBeGreaterThan(12);
    expect(read().split('\n').length).toBeGreaterThan(seen.size * Object.keys(EVENTS).length);
    expect(read()).not.toContain('ZQ');
  });

  // Whatever becomes of the machine's types: a field that it may get one day is in here.
  const KEYS =
    'name do kind reason line lines title alert message prompt goOnWith args env cwd file plan names text email token source cause ' +
    'target thread rollout directory originals label summary description content typed keys bytes windows note facts state next';
  const TEXTS = [
    'please ZQ the parser',
    'ZQ\nZQ',
    '/home/ZQ/x',
    'ZQ@example.com',
    `eyJhbGciOiJub25lIn0.ZQ${'a'.repeat(20)}`,
    `sk-ZQ${'a'.repeat(30)}`,
    `ZQ${'a'.repeat(70)}`,
    'ZQ日本',
    '',
  ];

  test('no text of any field gets in, only names, ids and numbers of known keys', () => {
    const { open, read } = setUp();
    const trace = open();
    for (const text of TEXTS) {
      const flat = Object.fromEntries(KEYS.split(' ').map((key) => [key, text]));
      const nested = Object.fromEntries(
        KEYS.split(' ').map((key) => [key, { ...flat, [text]: 1 }]),
      );
      const listed = Object.fromEntries(KEYS.split(' ').map((key) => [key, [text, flat]]));
      for (const value of [flat, nested, listed, { thread: nested }, text, [text], null, 7]) {
        trace?.step({ state: text, event: value, effects: [value, value], next: text });
        trace?.note(text, value);
      }
    }
    expect(read().split('\n').length).toBeGreaterThan(100);
    expect(read()).not.toContain('ZQ');
    expect(read()).toContain('(20 characters)');
  });

  test('a field of no known name is left out, even if it holds one word', () => {
    const { open, read } = setUp();
    open()?.step({
      ...STEPS[0],
      ...{ state: 'running', next: 'running', effects: [{ do: 'tell', line: 'ZQ' }] },
      event: { name: 'typed', keys: 'ZQ', plan: { id: 'ZQ' }, env: { name: 'ZQ' }, names: ['ZQ'] },
    });
    expect(read()).not.toContain('ZQ');
  });

  test('what cannot be written as JSON is left out, and what throws ends the trace', () => {
    const { open, read } = setUp();
    const trace = open();
    const circle: Record<string, unknown> = { name: 'typed', count: 1n, code: () => 1 };
    circle.thread = circle;
    trace?.note('circle', circle);
    expect(read()).toMatch(/"facts":\{"name":"typed","thread":/);
    const throwing = Object.defineProperty({}, 'name', {
      enumerable: true,
      get: () => {
        throw new Error('ZQ');
      },
    });
    expect(() => trace?.step({ ...STEPS[2], event: throwing } as never)).not.toThrow();
    expect(() => trace?.note('next', {})).not.toThrow();
    expect(read()).not.toMatch(/ZQ|next/);
  });
});

describe('the file', () => {
  test.each([[{}], [{ CODEX_HOTSWAP_DEBUG: '' }], [{ CODEX_HOTSWAP_DEBUG: '0' }]])(
    '%j: none',
    (env) => {
      expect(openDebugTrace(env, () => new Date())).toBeUndefined();
    },
  );

  test('a second session goes on with it', () => {
    const { open, read } = setUp();
    open()?.note('one', {});
    open()?.note('two', {});
    expect(
      read()
        .split('\n')
        .filter((line) => line.includes('"trace"')),
    ).toHaveLength(2);
    expect(read()).toMatch(/"one".*\n.*\n.*"two"/);
  });

  const REFUSED: [string, (file: string, home: string) => void, RegExp][] = [
    ['a link', (file, home) => symlinkSync(join(home, 'elsewhere'), file), /ELOOP|EMLINK/],
    [
      'a link to a trace',
      (file, home) => {
        writeFileSync(join(home, 'elsewhere'), '{"trace":"codex-hotswap"}\n');
        symlinkSync(join(home, 'elsewhere'), file);
      },
      /ELOOP|EMLINK/,
    ],
    ['another file', (file) => writeFileSync(file, 'my notes\n'), /it is not a trace/],
    ['a shorter file', (file) => writeFileSync(file, '{'), /it is not a trace/],
    ['a directory', (file) => mkdirSync(file), /EISDIR/],
    [
      'a second name of a file',
      (file, home) => {
        writeFileSync(join(home, 'elsewhere'), '');
        linkSync(join(home, 'elsewhere'), file);
      },
      /it has another owner or a second name/,
    ],
    [
      'a full trace',
      (file) => {
        writeFileSync(file, '{"trace":"codex-hotswap"}\n');
        truncateSync(file, MOST_TRACE_BYTES);
      },
      /it is full/,
    ],
  ];

  test.each(REFUSED)('%s is left alone, and one line says so', (_, place, reason) => {
    const { open, file, home, warnings } = setUp(place);
    const before = statSync(file, { throwIfNoEntry: false })?.size;
    expect(open()).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(reason)]);
    expect(statSync(file, { throwIfNoEntry: false })?.size).toBe(before);
    const aside = join(home, 'elsewhere');
    if (existsSync(aside)) expect(readFileSync(aside, 'utf8').split('\n').length).toBeLessThan(3);
  });

  test('where it cannot be made there is none', () => {
    const { home } = makeScratchHome();
    const warnings: string[] = [];
    const env = { CODEX_HOTSWAP_DEBUG: join(home, 'none', 'trace') };
    expect(
      openDebugTrace(
        env,
        () => new Date(),
        (line) => warnings.push(line),
      ),
    ).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/ENOENT/)]);
  });

  test('at 10 MB one line says that it ends, and no more follow', () => {
    const { open, file, read } = setUp();
    const trace = open();
    const head = read();
    truncateSync(file, MOST_TRACE_BYTES - 1);
    trace?.note('last', {});
    trace?.note('too-late', {});
    trace?.note('too-late', {});
    const written = read();
    expect(written.startsWith(head)).toBe(true);
    expect(
      written
        .replaceAll('\0', '')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({ note: 'last' }),
      { stopped: 'the file has 10 MB', pid: process.pid },
    ]);
  });
});

describe('a time line of it', () => {
  test('one line for each step', () => {
    const { open, read } = setUp();
    const trace = open();
    for (const step of STEPS) trace?.step(step);
    trace?.note('child-started', { pid: 7 });
    expect(explainTrace(read())).toEqual([
      `session ${process.pid} began at 2026-11-18T11:06:40.000Z: codex-hotswap development, node ${process.version}`,
      '    +1.250  running: triggered (source state) → suspected: seek-proof (source state), hold-input',
      `    +2.500  suspected: proved (proof.kind window-5h, proof.until 1800000000, thread.id ${THREAD}) → choosing: ` +
        `choose (proof.kind window-5h), tell (isUrgent true), start (how resume, thread.id ${THREAD})`,
      '    +3.750  running: child-ended (ending.kind signalled, ending.signal SIGTERM, ending.number 15)',
      '    +5.000  note: child-started (pid 7)',
    ]);
  });

  test('sessions side by side are told apart', () => {
    const lines = [
      { trace: 'codex-hotswap', at: '2026-11-18T11:06:40.000Z', pid: 1, version: '1', node: 'v20' },
      { trace: 'codex-hotswap', at: '2026-11-18T11:06:41.000Z', pid: 2, version: '1', node: 'v20' },
      { at: '2026-11-18T11:06:42.000Z', pid: 2, note: 'b' },
      { at: '2026-11-18T11:06:42.000Z', pid: 1, note: 'a' },
      { stopped: 'the file has 10 MB', pid: 1 },
    ];
    expect(explainTrace(lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual([
      'session 1 began at 2026-11-18T11:06:40.000Z: codex-hotswap 1, node v20',
      'session 2 began at 2026-11-18T11:06:41.000Z: codex-hotswap 1, node v20',
      '    +1.000  note: b',
      'session 1:',
      '    +2.000  note: a',
      '         ?  the trace ends: the file has 10 MB',
    ]);
  });

  test.each([
    ['{"trace":"codex-hotswap"}\n{\nnull\n7\n[]\n{}'],
    [
      `{"trace":{"a":1},"at":[],"pid":{}}\n${JSON.stringify({ event: { name: {} }, effects: [null, 7, {}], state: [] })}`,
    ],
    [
      JSON.stringify({
        note: 'x'.repeat(5000),
        facts: { ['y'.repeat(5000)]: '\u001b[2J\n', z: { z: { z: { z: { z: 1 } } } } },
      }),
    ],
  ])('of %j, which we did not write', (text) => {
    for (const line of explainTrace(text)) {
      expect(line).not.toMatch(/\u001b|\n/);
      expect(line.length).toBeLessThan(500);
    }
  });
});
