import { endRun } from './end-run.ts';
import { runTests } from './run.ts';
import type { Verdict } from './verdict.ts';
import type { Surroundings } from './vitest.ts';

export interface Versions {
  /** The npm script, for the line about wrong usage. */
  script: string;
  /** The name in the closing lines, such as `codex`. */
  label: string;
  /** Words of the command line: first the versions, then file filters, then options for vitest. */
  words: readonly string[];
  isVersion(word: string): boolean;
  /** The tests to run when the words name no file. */
  defaultTests: readonly string[];
  /** Installs that version. @throws Error with one line. */
  install(version: string): Surroundings;
}

/** Runs tests with one version after another, and prints a line for each and the sum. Sets the exit status. */
export function runEach({
  script,
  label,
  words,
  isVersion,
  defaultTests,
  install,
}: Versions): void {
  const count = words.findIndex((word) => !isVersion(word));
  const versions = count < 0 ? words : words.slice(0, count);
  if (versions.length === 0) {
    console.error(`usage: npm run ${script} -- <version>… [file filters] [options for vitest]`);
    process.exitCode = 2;
    return;
  }
  const rest = words.slice(versions.length);
  const hasFilters = rest[0]?.startsWith('-') === false;
  const args = hasFilters ? rest : [...defaultTests, ...rest];

  const verdicts = versions.map((version): Verdict => {
    try {
      const surroundings = install(version);
      console.log(`\n=== ${label} ${version} ===`);
      return runTests(args, surroundings);
    } catch (error) {
      return { passed: 0, failed: 1, flakes: [], failures: [(error as Error).message] };
    }
  });
  const lines = verdicts.map(({ passed, failed, flakes }, index) => {
    const flaky = flakes.length > 0 ? `, ${flakes.length} flaky` : '';
    return `${label} ${versions[index]}: ${passed} passed, ${failed} failed${flaky}`;
  });
  endRun(verdicts, lines);
}
