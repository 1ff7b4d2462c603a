import { expect, test } from 'vitest';
import { createTally } from '../../../scripts/hunt/tally.ts';
import { REPO } from '../../../scripts/run-tests/vitest.ts';

const file = `${REPO}test/a.test.ts`;
const failed = (test: string, message: string) => ({
  files: [{ file, passed: 1, failures: [{ test, message }] }],
  hasStrayError: false,
});
const good = { files: [{ file, passed: 2, failures: [] }], hasStrayError: false };

test('failures are counted by test, with the first message of each', () => {
  const tally = createTally();
  for (const report of [failed('b', 'second'), good, failed('a', 'first'), failed('a', 'later')]) {
    tally.add(report);
  }
  expect(tally.list()).toBe(
    [
      '2 of 4: test/a.test.ts > a',
      '    first',
      '1 of 4: test/a.test.ts > b',
      '    second',
      '1 of 4 runs passed',
    ].join('\n'),
  );
  expect(tally.isClean()).toBe(false);
});

test.each([
  ['no report', undefined, { empty: false, clean: false }],
  ['a good one', good, { empty: false, clean: true }],
  ['no test at all', { files: [], hasStrayError: false }, { empty: true, clean: false }],
  ['an error outside', { ...good, hasStrayError: true }, { empty: false, clean: false }],
])('%s', (_, report, { empty, clean }) => {
  const tally = createTally();
  tally.add(report);
  expect([tally.isEmpty(), tally.isClean()]).toEqual([empty, clean]);
});
