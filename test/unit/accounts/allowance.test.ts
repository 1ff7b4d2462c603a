import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  allowanceOf,
  nameAllowance,
  narrow,
  restrictConfig,
  tellAllows,
  tellAllowsOnly,
} from '../../../src/accounts/allowance.ts';
import { chooseTarget } from '../../../src/accounts/choice.ts';
import type { TargetSnapshot } from '../../../src/accounts/target-snapshot.ts';
import { EMPTY_CONFIG } from '../../../src/state/config.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const STRATEGIES = ['order', 'most-left', 'soonest-reset'] as const;
const NOW = 1_800_000_000;
const byRule = (...targets: string[]) => allowanceOf({ path: '/h/src', targets }, '/h');

test('each of two narrows what the other allows; the order is that of the second', () => {
  const rule = byRule('a', 'b', 'c');
  const only = { targets: ['c', 'a', 'd'], by: ['--only'] };
  expect(narrow(rule, only)).toEqual({
    targets: ['c', 'a'],
    by: ['the rule for ~/src', '--only'],
  });
  expect([narrow(rule, undefined), narrow(undefined, rule)]).toEqual([rule, rule]);
  expect(narrow(rule, rule)).toEqual(rule);
  expect(narrow(undefined, undefined)).toBeUndefined();
});

test('words', () => {
  const both = narrow(byRule('a', 'b'), { targets: ['b'], by: ['--only'] });
  expect(both && [tellAllows(both), tellAllowsOnly(both), nameAllowance(both)]).toEqual([
    'the rule for ~/src and --only allow',
    'the rule for ~/src and --only allow only b',
    'rule for ~/src and --only',
  ]);
  expect(tellAllowsOnly({ targets: [], by: ['x', 'y'] })).toBe(
    'x and y allow no account in common',
  );
  expect(tellAllowsOnly(byRule('a', 'b'))).toBe('the rule for ~/src allows only a, b');
});

test('without a rule the configuration is as it was', () => {
  const targets = NAMES.map((name) => ({ name, vault: `/${name}`, enabled: true }));
  expect(restrictConfig({ ...EMPTY_CONFIG, targets }, undefined)).toEqual({
    ...EMPTY_CONFIG,
    targets,
  });
});

const account = fc.record({
  enabled: fc.boolean(),
  isReady: fc.boolean(),
  isMarked: fc.boolean(),
  used: fc.integer({ min: 0, max: 100 }),
});

test('a chosen account is always one of the rule, whatever the accounts, the strategy and the current one are', () => {
  fc.assert(
    fc.property(
      fc.tuple(account, account, account, account),
      fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }),
      fc.constantFrom(...STRATEGIES),
      fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
      fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
      (accounts, allowed, strategy, current, exclude) => {
        const config = {
          ...EMPTY_CONFIG,
          targets: NAMES.map((name, index) => {
            return { name, vault: `/${name}`, enabled: accounts[index]?.enabled ?? false };
          }),
        };
        const { targets } = restrictConfig(config, byRule(...allowed));
        const snapshots = targets.map((target): TargetSnapshot => {
          const { isReady, isMarked, used } = accounts[NAMES.indexOf(target.name)] ?? accounts[0];
          const identity = { userId: target.name, accountId: target.name };
          const windows = [{ usedPercent: used, minutes: 300, resetsAt: NOW + 60 }];
          return {
            target,
            vault: isReady
              ? ({
                  kind: 'ready',
                  authFile: '/x',
                  identity,
                  issuedAt: 0,
                } as TargetSnapshot['vault'])
              : { kind: 'empty' },
            state: {
              version: 1,
              target: target.name,
              marks: isMarked ? [{ kind: 'window-5h', at: NOW - 1, until: NOW + 60 }] : [],
              usage: { source: 'live', capturedAt: NOW - 2, windows },
            },
          };
        });
        const choice = chooseTarget({
          targets: snapshots,
          strategy,
          current,
          exclude,
          nowSeconds: NOW,
        });
        const isUsable = (name: string) => {
          const one = accounts[NAMES.indexOf(name)];
          return one?.enabled && one.isReady && !one.isMarked && name !== exclude;
        };
        const usable = allowed.filter(isUsable);
        // Never one outside of the rule, and never none while the rule has a usable one.
        expect(choice.kind).toBe(usable.length > 0 ? 'chosen' : 'none');
        if (choice.kind === 'none') {
          const { earliest } = choice;
          if (earliest !== undefined) expect(allowed).toContain(earliest.target);
          return;
        }
        expect(usable).toContain(choice.target.name);
        // The order is that of the rule.
        if (strategy === 'order' && current === undefined && exclude === undefined) {
          expect(choice.target.name).toBe(usable[0]);
        }
      },
    ),
    { numRuns: 500 },
  );
});
