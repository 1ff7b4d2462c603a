import { describe, expect, test } from 'vitest';
import type { Failure, Report } from '../../../scripts/run-tests/report.ts';
import {
  formatVerdict,
  isGood,
  listFilesToRerun,
  MOST_FLAKES,
  MOST_RERUN_FILES,
  makeVerdict,
  sumUp,
} from '../../../scripts/run-tests/verdict.ts';

const ROOT = '/repo';
const FILE = '/repo/test/a.test.ts';
const failure = (test: string): Failure => ({ test, message: `${test} broke\nin line 3` });

function reportOf(passed: number, failures: Failure[] = [], file = FILE): Report {
  return { files: [{ file, passed, failures }], hasStrayError: false };
}

const GREEN = reportOf(5);
const RED = reportOf(4, [failure('one')]);

describe('a file that failed', () => {
  test.each<[string, (Report | undefined)[], 'flaky' | 'failed']>([
    ['passes three times alone', [GREEN, GREEN, GREEN], 'flaky'],
    ['fails the first time alone', [RED], 'failed'],
    ['fails the last time alone', [GREEN, GREEN, RED], 'failed'],
    ['was run again twice only', [GREEN, GREEN], 'failed'],
    ['was not run again', [], 'failed'],
    ['leaves no report alone', [GREEN, GREEN, undefined], 'failed'],
    ['runs no test alone', [GREEN, GREEN, reportOf(0)], 'failed'],
    ['has no file alone', [GREEN, GREEN, { files: [], hasStrayError: false }], 'failed'],
    [
      'has an error outside of every test alone',
      [GREEN, GREEN, { ...GREEN, hasStrayError: true }],
      'failed',
    ],
  ])('%s', (_, runs, expected) => {
    const verdict = makeVerdict(RED, new Map([[FILE, runs]]), ROOT);
    const counts = { passed: verdict.passed, failed: verdict.failed };
    if (expected === 'flaky') {
      expect(counts).toEqual({ passed: 5, failed: 0 });
      expect(formatVerdict(verdict)).toBe(
        'flaky: test/a.test.ts > one: one broke\n5 passed, 0 failed',
      );
    } else {
      expect(counts).toEqual({ passed: 4, failed: 1 });
      expect(formatVerdict(verdict)).toBe(
        '\n== FAILED: test/a.test.ts > one\none broke\nin line 3\n4 passed, 1 failed',
      );
    }
    expect(isGood(verdict)).toBe(expected === 'flaky');
  });

  test('could not be loaded: it is one failure, and no test that passed when it is a flake', () => {
    const broken = reportOf(0, [{ message: 'no such module' }]);
    expect(makeVerdict(broken, new Map(), ROOT)).toMatchObject({ passed: 0, failed: 1 });
    const flaky = makeVerdict(broken, new Map([[FILE, [GREEN, GREEN, GREEN]]]), ROOT);
    expect(flaky).toMatchObject({ passed: 0, failed: 0, flakes: [{ test: '(the file itself)' }] });
  });
});

test('no report is a failure, and so is an error outside of every test', () => {
  expect(makeVerdict(undefined, new Map(), ROOT)).toMatchObject({ passed: 0, failed: 1 });
  const stray = makeVerdict({ ...GREEN, hasStrayError: true }, new Map(), ROOT);
  expect(stray).toMatchObject({ passed: 5, failed: 1 });
});

test('nothing that passed is nothing proved', () => {
  expect(isGood(makeVerdict({ files: [], hasStrayError: false }, new Map(), ROOT))).toBe(false);
});

test('a few failed files are run again; with many of them the product is broken', () => {
  const fails = (count: number): Report => ({
    files: Array.from({ length: count }, (_, index) => ({
      file: `/repo/${index}`,
      passed: 0,
      failures: [failure('x')],
    })).concat(GREEN.files),
    hasStrayError: false,
  });
  expect(listFilesToRerun(fails(MOST_RERUN_FILES))).toHaveLength(MOST_RERUN_FILES);
  expect(listFilesToRerun(fails(MOST_RERUN_FILES + 1))).toEqual([]);
});

test.each([
  [MOST_FLAKES, 0],
  [MOST_FLAKES + 1, 1],
])('%i flakes in two runs together: %i failures', (count, failed) => {
  const flaky = (flakes: number) => ({
    passed: 10,
    failed: 0,
    flakes: Array.from({ length: flakes }, () => ({ file: 'a', test: 'b', message: 'c' })),
    failures: [],
  });
  const sum = sumUp([flaky(count - 1), flaky(1)]);
  expect(sum).toMatchObject({ passed: 20, failed });
  expect(isGood(sum)).toBe(failed === 0);
  expect(formatVerdict(sum).match(/^flaky: a > b: c$/gm)).toHaveLength(count);
});
