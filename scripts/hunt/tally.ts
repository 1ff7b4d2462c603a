import { relative } from 'node:path';
import type { Report } from '../run-tests/report.ts';
import { REPO } from '../run-tests/vitest.ts';

/** Counts which tests failed how often over many runs. */
export interface Tally {
  add(report: Report | undefined): void;
  /** What came of the last run, in a few words. */
  last(): string;
  /** Not one test has run. */
  isEmpty(): boolean;
  /** Tests have run, and none has failed. */
  isClean(): boolean;
  /** Each failed test with its count and its first message; the rarest last. */
  tell(): string;
}

export function createTally(): Tally {
  const failures = new Map<string, { count: number; message: string }>();
  let runs = 0;
  let cleanRuns = 0;
  let passed = 0;
  let last = '';

  function note(test: string, message: string): void {
    const known = failures.get(test);
    failures.set(test, { count: (known?.count ?? 0) + 1, message: known?.message ?? message });
  }

  return {
    add(report) {
      runs += 1;
      const failed = listFailures(report);
      for (const { test, message } of failed) note(test, message);
      const passedNow = report?.files.reduce((sum, file) => sum + file.passed, 0) ?? 0;
      passed += passedNow;
      if (failed.length === 0) cleanRuns += 1;
      last = `${passedNow} passed, ${failed.length} failed`;
    },
    last: () => last,
    isEmpty: () => passed === 0 && failures.size === 0,
    isClean: () => passed > 0 && failures.size === 0,
    tell() {
      const sorted = [...failures].sort(([, a], [, b]) => b.count - a.count);
      return [
        ...sorted.map(
          ([test, { count, message }]) => `${count} of ${runs}: ${test}\n${indent(message)}`,
        ),
        `${cleanRuns} of ${runs} runs passed`,
      ].join('\n');
    },
  };
}

function listFailures(report: Report | undefined): { test: string; message: string }[] {
  if (report === undefined) return [{ test: '(the run)', message: 'vitest left no report' }];
  const found = report.files.flatMap(({ file, failures }) =>
    failures.map(({ test = '(the file itself)', message }) => ({
      test: `${relative(REPO, file)} > ${test}`,
      message,
    })),
  );
  if (report.hasStrayError)
    found.push({ test: '(no test)', message: 'an error outside of every test' });
  return found;
}

const MOST_LINES = 12;

function indent(message: string): string {
  const lines = message.split('\n').slice(0, MOST_LINES);
  return lines.map((line) => `    ${line}`).join('\n');
}
