import { relative } from 'node:path';
import type { Failure, FileReport, Report } from './report.ts';

/** The result of a run of the tests. */
export interface Verdict {
  /** Tests; the failed ones of a flaky file are among them. */
  passed: number;
  failed: number;
  /** Files that failed in the run, and passed in each of their runs alone. */
  flakes: Flake[];
  /** The name and the message of each failure, for a reader who sees only the end of a log. */
  failures: string[];
}

export interface Flake {
  file: string;
  test: string;
  message: string;
}

/** A failed file is run again, alone, at most this often. The runs end when it fails again. */
export const RERUNS = 3;
/** A run with more flaky files than this has failed. */
export const MOST_FLAKES = 3;
/** With more failed files than this the product is broken, so none of them is run again. */
export const MOST_RERUN_FILES = 10;

/** The files to run again. */
export function listFilesToRerun({ files }: Report): FileReport[] {
  const failed = files.filter(({ failures }) => failures.length > 0);
  return failed.length > MOST_RERUN_FILES ? [] : failed;
}

/**
 * Makes the verdict of a run.
 * @param report undefined when vitest left none: that is one failure.
 * @param again the reports of the runs alone, by file; a file that is not in it was not run again.
 * @param root the directory that files are named from.
 */
export function makeVerdict(
  report: Report | undefined,
  again: ReadonlyMap<string, readonly (Report | undefined)[]>,
  root: string,
): Verdict {
  const verdict: Verdict = { passed: 0, failed: 0, flakes: [], failures: [] };
  if (report === undefined) return fail(verdict, 'vitest left no report');
  for (const { file, passed, failures } of report.files) {
    verdict.passed += passed;
    const [first] = failures;
    if (first === undefined) continue;
    const name = relative(root, file);
    if (isFlaky(again.get(file))) {
      verdict.passed += failures.filter(({ test }) => test !== undefined).length;
      verdict.flakes.push({ file: name, test: nameOf(first), message: firstLine(first.message) });
    } else {
      for (const failure of failures) fail(verdict, formatFailure(name, failure));
    }
  }
  if (report.hasStrayError) fail(verdict, 'an error outside of every test (see above)');
  return verdict;
}

/** Adds up the verdicts of several runs; too many flakes are a failure. */
export function sumUp(verdicts: readonly Verdict[]): Verdict {
  const sum: Verdict = {
    passed: verdicts.reduce((total, { passed }) => total + passed, 0),
    failed: verdicts.reduce((total, { failed }) => total + failed, 0),
    flakes: verdicts.flatMap(({ flakes }) => flakes),
    failures: verdicts.flatMap(({ failures }) => failures),
  };
  const { length } = sum.flakes;
  return length > MOST_FLAKES
    ? fail(sum, `${length} flaky files; at most ${MOST_FLAKES} are allowed`)
    : sum;
}

/** The closing lines: each failure, each flake, and `N passed, N failed` as the last. */
export function formatVerdict({ passed, failed, flakes, failures }: Verdict): string {
  return [
    ...failures.map((failure) => `\n== FAILED: ${failure}`),
    ...flakes.map(({ file, test, message }) => `flaky: ${file} > ${test}: ${message}`),
    `${passed} passed, ${failed} failed`,
  ].join('\n');
}

/** A run without a passed test has proved nothing. */
export function isGood({ passed, failed }: Verdict): boolean {
  return failed === 0 && passed > 0;
}

function isFlaky(runs: readonly (Report | undefined)[] = []): boolean {
  return runs.length === RERUNS && runs.every(hasPassed);
}

/** A run alone has not passed when no test ran in it, because the file was not found. */
export function hasPassed(report: Report | undefined): boolean {
  if (report === undefined || report.hasStrayError) return false;
  return (
    report.files.some(({ passed }) => passed > 0) &&
    report.files.every(({ failures }) => failures.length === 0)
  );
}

function fail(verdict: Verdict, failure: string): Verdict {
  verdict.failed += 1;
  verdict.failures.push(failure);
  return verdict;
}

const MOST_CHARACTERS = 6000;

function formatFailure(file: string, failure: Failure): string {
  return `${file} > ${nameOf(failure)}\n${failure.message.slice(0, MOST_CHARACTERS)}`;
}

function nameOf({ test }: Failure): string {
  return test ?? '(the file itself)';
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200);
}
