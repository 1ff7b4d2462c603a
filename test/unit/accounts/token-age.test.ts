import fc from 'fast-check';
import { expect, test } from 'vitest';
import { needsRefresh, refreshDueAt } from '../../../src/accounts/token-age.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;

test.each([
  // left, life, margin, jitter
  [DAY, DAY, 1800, 0, 'no'],
  [1801, DAY, 1800, 0, 'no'],
  [1800, DAY, 1800, 0, 'soon'],
  [1500, DAY, 1800, 1, 'no'],
  [1425, DAY, 1800, 1, 'soon'],
  [361, DAY, 1800, 1, 'soon'],
  [360, DAY, 1800, 0, 'close'],
  [301, DAY, 1800, 1, 'close'],
  [300, DAY, 1800, 0, 'now'],
  [0, DAY, 1800, 0, 'now'],
  [-DAY, DAY, 1800, 0, 'now'],
  [311, DAY, 310, 0, 'no'],
  [309, DAY, 310, 0, 'soon'],
  [307, DAY, 310, 1, 'soon'],
  [305, DAY, 310, 1, 'close'],
  [300, DAY, 310, 1, 'now'],
  // Short-lived: at half of its life, or it would be refreshed without end.
  [1100, 1200, 1800, 0, 'no'],
  [600, 1200, 1800, 0, 'soon'],
  [315, 320, 1800, 0, 'no'],
  [310, 320, 1800, 0, 'soon'],
  [1800, undefined, 1800, 0, 'soon'],
] as const)(
  '%i s left of %i, margin %i, jitter %d: %s',
  (left, life, marginSeconds, jitter, need) => {
    const renewal = { expiresAt: NOW + left, ...(life === undefined ? {} : { lifeSeconds: life }) };
    expect(needsRefresh(renewal, { nowSeconds: NOW, marginSeconds, jitter })).toBe(need);
  },
);

test('what cannot be renewed needs nothing', () => {
  expect(needsRefresh(undefined, { nowSeconds: NOW, marginSeconds: 1800, jitter: 0 })).toBe('no');
});

test('it is due exactly when it is needed, before Codex would, and earliest without jitter', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 * DAY }),
      fc.integer({ min: 310, max: DAY }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (lifeSeconds, marginSeconds, jitter) => {
        const renewal = { expiresAt: NOW, lifeSeconds };
        const due = refreshDueAt(renewal, { marginSeconds, jitter });
        expect(needsRefresh(renewal, { nowSeconds: due + 0.001, marginSeconds, jitter })).not.toBe(
          'no',
        );
        expect(needsRefresh(renewal, { nowSeconds: due - 0.001, marginSeconds, jitter })).toBe(
          'no',
        );
        expect(due).toBeLessThan(NOW - 300);
        expect(refreshDueAt(renewal, { marginSeconds, jitter: 0 })).toBeLessThanOrEqual(due);
      },
    ),
  );
});
