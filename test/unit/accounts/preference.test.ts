import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseTarget } from '../../../src/accounts/choice.ts';
import type { TargetSnapshot } from '../../../src/accounts/target-snapshot.ts';
import type { Strategy } from '../../../src/state/config.ts';
import { SETTINGS } from '../../../src/state/settings.ts';

const NOW = 1_000_000;
const HOUR = 3600;

interface Account {
  /** [minutes, percent used, hours until the reset] */
  windows?: [number, number, number][];
  threshold?: number;
}

function snapshot(name: string, { windows, threshold }: Account): TargetSnapshot {
  const used = windows?.map(([minutes, usedPercent, hours]) => ({
    minutes,
    usedPercent,
    resetsAt: NOW + hours * HOUR,
  }));
  return {
    target: {
      name,
      vault: `/v/${name}`,
      enabled: true,
      ...(threshold === undefined ? {} : { threshold }),
    },
    vault: {
      kind: 'ready',
      authFile: `/v/${name}/auth.json`,
      identity: { userId: name, accountId: name },
      issuedAt: 0,
    },
    state: {
      version: 1,
      target: name,
      marks: [],
      ...(used === undefined
        ? {}
        : { usage: { source: 'live', capturedAt: NOW - 60, windows: used } }),
    },
  };
}

function choose(strategy: Strategy, accounts: Record<string, Account>, current?: string): string {
  const targets = Object.entries(accounts).map(([name, account]) => snapshot(name, account));
  const choice = chooseTarget({ targets, current, strategy, nowSeconds: NOW });
  return choice.kind === 'chosen' ? choice.target.name : choice.kind;
}

const WEEK = 10_080;

describe('strategies', () => {
  const fresh: Account = {
    windows: [
      [300, 10, 4],
      [WEEK, 20, 100],
    ],
  };
  const tired: Account = {
    windows: [
      [300, 5, 1],
      [WEEK, 90, 20],
    ],
  };
  const spent: Account = { windows: [[WEEK, 100, 2]] };

  test.each<[string, Strategy, Record<string, Account>, string | undefined, string]>([
    ['order: the current one, whatever is left', 'order', { a: fresh, b: tired }, 'b', 'b'],
    ['most-left: its fullest window counts', 'most-left', { a: tired, b: fresh }, 'a', 'b'],
    [
      'most-left: of equals the first from the current on',
      'most-left',
      { a: fresh, b: fresh },
      'b',
      'b',
    ],
    [
      'most-left: an unknown account is taken for a full one',
      'most-left',
      { a: fresh, b: {} },
      'a',
      'b',
    ],
    [
      'most-left: a window that was reset since is full',
      'most-left',
      { a: fresh, b: { windows: [[300, 99, -1]] } },
      'a',
      'b',
    ],
    ['soonest-reset: what would be lost first', 'soonest-reset', { a: fresh, b: tired }, 'a', 'b'],
    ['soonest-reset: not one with nothing left', 'soonest-reset', { a: fresh, b: spent }, 'a', 'a'],
    ['soonest-reset: an unknown reset comes last', 'soonest-reset', { a: {}, b: fresh }, 'a', 'b'],
    [
      'soonest-reset: by length, not by position',
      'soonest-reset',
      {
        a: {
          windows: [
            [WEEK, 5, 90],
            [300, 5, 1],
          ],
        },
        b: {
          windows: [
            [300, 5, 4],
            [WEEK, 5, 10],
          ],
        },
      },
      'a',
      'b',
    ],
  ])('%s', (_what, strategy, accounts, current, expected) => {
    expect(choose(strategy, accounts, current)).toBe(expected);
  });
});

describe('thresholds', () => {
  const left = (percent: number, threshold?: number): Account => ({
    windows: [[300, 100 - percent, 1]],
    ...(threshold === undefined ? {} : { threshold }),
  });

  test.each<[string, Strategy, Record<string, Account>, string]>([
    ['below it, another with more is chosen', 'order', { a: left(15, 20), b: left(30) }, 'b'],
    ['at it, it is chosen', 'order', { a: left(20, 20), b: left(30) }, 'a'],
    ['below it, but no other has more', 'order', { a: left(15, 20), b: left(10) }, 'a'],
    ['all below theirs: the one with most', 'order', { a: left(5, 50), b: left(9, 50) }, 'b'],
    ['it goes before the strategy', 'soonest-reset', { a: left(15, 20), b: left(30) }, 'b'],
  ])('%s', (_what, strategy, accounts, expected) => {
    expect(choose(strategy, accounts, 'a')).toBe(expected);
  });
});

test('whatever the figures, one of the usable is chosen, and never a spared one', () => {
  const account = fc.record({
    left: fc.integer({ min: 0, max: 100 }),
    threshold: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(
      fc.array(account, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(...SETTINGS.strategy.values),
      (accounts, strategy) => {
        const named = accounts.map(({ left, threshold }, index) => [
          `t${index}`,
          { windows: [[300, 100 - left, 1]], threshold },
        ]);
        const name = choose(strategy, Object.fromEntries(named) as Record<string, Account>);
        const chosen = accounts[Number(name.slice(1))];
        const most = Math.max(...accounts.map(({ left }) => left));
        expect(chosen).toBeDefined();
        if (chosen && chosen.left < chosen.threshold) expect(chosen.left).toBe(most);
      },
    ),
  );
});
