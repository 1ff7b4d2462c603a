import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

// What `use`, `next`, `current` and `status` say about the account of a new session, and the account that it really starts with.

type Home = ReturnType<typeof createHome>;

const HOT = new URL('../../dist/bin/codex-hot.js', import.meta.url).pathname;
const NOW = Math.floor(Date.now() / 1000);
const HOUR = 3600;

const window = (usedPercent: number, minutes = 10_080) => ({
  usedPercent,
  minutes,
  resetsAt: NOW + 20 * HOUR,
});
const usage = (usedPercent: number) => ({
  source: 'session',
  capturedAt: NOW - 60,
  windows: [window(usedPercent)],
});
const mark = (kind: string, until: number | null = NOW + 2 * HOUR) => ({
  kind,
  until,
  at: NOW - 60,
});

function record(home: Home, target: string, state: object): void {
  const content = JSON.stringify({ version: 1, target, marks: [], ...state });
  home.write(`.local/state/codex-hotswap/accounts/${target}.json`, content);
}

function makeHome(prepare: (home: Home) => unknown): Home {
  const home = createHome();
  for (const [name, who] of Object.entries({ acc1: 'ann', acc2: 'bob', acc3: 'cyd' })) {
    home.writeVault(name, who);
  }
  home.ok(['setup', '--accounts', 'acc1,acc2,acc3']);
  prepare(home);
  return home;
}

/** Starts a session, and finds its account in the event log. */
function launch(home: Home): string | undefined {
  const ran = spawnSync(process.execPath, [HOT, 'exec', 'hi'], {
    env: home.env,
    cwd: home.home,
    encoding: 'utf8',
  });
  expect(ran.stdout).toMatch(/^real codex: .*hi\n$/);
  const events = home.read('.local/state/codex-hotswap/events.jsonl').trim().split('\n');
  return events
    .map((line) => JSON.parse(line))
    .findLast(({ type }: { type: string }) => type === 'launch')?.target;
}

const statusOf = (home: Home) => JSON.parse(home.ok(['status', '--json']));

/** The state → what `use acc1` prints → the account of the next session. */
const STATES: [string, (home: Home) => unknown, RegExp, string][] = [
  ['is free', () => {}, /^new sessions start with acc1 \(ann@example\.com\)\n$/, 'acc1'],
  [
    'is at its weekly limit',
    (home) => record(home, 'acc1', { marks: [mark('window-weekly')] }),
    /^acc1: its weekly limit is used up until \S.* \(in (?:1 h 59 min|2 h)\); new sessions start with acc2 till then\n$/,
    'acc2',
  ],
  [
    'is at two limits: the later one counts',
    (home) =>
      record(home, 'acc1', {
        marks: [mark('window-5h', NOW + HOUR), mark('window-weekly', NOW + 30 * HOUR)],
      }),
    /^acc1: its 5-hour limit is used up; its weekly limit is used up until .* \(in 1 d .*; new sessions start with acc2 till then\n$/,
    'acc2',
  ],
  [
    'is set aside by hand',
    (home) => record(home, 'acc1', { marks: [mark('manual', null)] }),
    /^acc1: set aside by hand; new sessions start with acc2; when acc1 works again: codex-hotswap reset acc1\n$/,
    'acc2',
  ],
  [
    'is off',
    (home) => home.ok(['disable', 'acc1']),
    /^acc1: switched off in the configuration; new sessions start with acc2; to use acc1: codex-hotswap enable acc1\n$/,
    'acc2',
  ],
  [
    'is at its limit, and so is the next one',
    (home) => {
      record(home, 'acc1', { marks: [mark('window-weekly')] });
      record(home, 'acc2', { marks: [mark('window-weekly')] });
    },
    /; new sessions start with acc3 till then\n$/,
    'acc3',
  ],
  [
    'is below its threshold',
    (home) => {
      home.ok(['config', 'set', 'targets.acc1.threshold', '20']);
      record(home, 'acc1', { usage: usage(92) });
    },
    /^acc1 has 8% left, less than its threshold of 20%; new sessions start with acc2, which has more\n$/,
    'acc2',
  ],
  [
    'has nothing left by its figures, and was not refused',
    (home) => record(home, 'acc1', { usage: usage(100) }),
    /^acc1 has 0% left; new sessions start with acc2, which has more\n$/,
    'acc2',
  ],
  [
    'has less left, and the strategy is most-left',
    (home) => {
      home.ok(['config', 'set', 'strategy', 'most-left']);
      record(home, 'acc1', { usage: usage(90) });
    },
    /^acc1 can be used, but the strategy most-left chooses acc2 now; new sessions start with acc2; to use the chosen one: codex-hotswap config set strategy order\n$/,
    'acc2',
  ],
  [
    'comes back first of all',
    (home) => {
      record(home, 'acc1', { marks: [mark('window-weekly')] });
      record(home, 'acc2', { marks: [mark('window-weekly', NOW + 3 * HOUR)] });
      record(home, 'acc3', { marks: [mark('window-weekly', NOW + 3 * HOUR)] });
    },
    /^new sessions start with acc1 \(ann@example\.com\)\n$/,
    'acc1',
  ],
  [
    'comes back last of all',
    (home) => {
      record(home, 'acc1', { marks: [mark('window-weekly', NOW + 9 * HOUR)] });
      record(home, 'acc2', { marks: [mark('window-weekly')] });
      record(home, 'acc3', { marks: [mark('window-weekly', NOW + 3 * HOUR)] });
    },
    /^acc1: its weekly limit is used up until .*; new sessions start with acc2/,
    'acc2',
  ],
];

describe('an account that is chosen', () => {
  test.each(STATES)(
    '%s: use, current, status and a launch name the same account',
    (_, prepare, says, next) => {
      const home = makeHome(prepare);
      expect(home.ok(['use', 'acc1'])).toMatch(says);
      expect(home.ok(['current'])).toBe(`${next}\n`);
      expect(statusOf(home)).toMatchObject({ current: 'acc1', next });
      const line = `new sessions start with ${next}\n`;
      if (next === 'acc1') expect(home.ok(['status'])).not.toContain('new sessions start');
      else expect(home.ok(['status'])).toContain(line);
      expect(home.run(['doctor']).stdout).toContain(`; new sessions start with ${next}`);
      expect(launch(home)).toBe(next);
    },
  );

  test.each(STATES)('%s: next goes to an account that a launch uses', (_, prepare) => {
    const home = makeHome(prepare);
    home.ok(['use', 'acc1']);
    const { targets } = statusOf(home);
    const usable = targets.some(({ state }: { state: string }) => state === 'ready');
    const ran = home.run(['next']);
    expect(ran.status === 0 || !usable).toBe(true);
    const { current, next } = statusOf(home);
    if (ran.status === 0 && !/strategy/.test(ran.stdout)) expect(next).toBe(current);
    expect(home.ok(['current'])).toBe(`${next}\n`);
    expect(launch(home)).toBe(next);
  });
});

describe('reset', () => {
  test('of an account whose figures say that nothing is left: no row is ready without a reason', () => {
    const home = makeHome(() => {});
    record(home, 'acc1', { marks: [mark('window-weekly')], usage: usage(100) });
    expect(home.ok(['reset', 'acc1'])).toBe(
      'acc1: forgot that its weekly limit is used up; the figures that left it nothing\n',
    );
    expect(home.ok(['status'])).toMatch(/^\* acc1 .*ready$/m);
    expect(launch(home)).toBe('acc1');
    expect(statusOf(home).targets[0]).toMatchObject({ state: 'ready', marks: [] });
  });

  test('of an account with something left, or without figures: it is ready, and nothing else is said', () => {
    for (const state of [{ usage: usage(40) }, {}]) {
      const home = makeHome(() => {});
      record(home, 'acc1', { marks: [mark('window-weekly')], ...state });
      expect(home.ok(['reset', 'acc1'])).toBe('acc1: forgot that its weekly limit is used up\n');
      expect(home.ok(['status'])).toMatch(/^\* acc1 .*ready$/m);
    }
  });
});
