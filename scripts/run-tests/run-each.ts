import { runTests } from './run.ts';
import { isGood, sumUp, tell, type Verdict } from './verdict.ts';
import { writeVerdict } from './verdict-file.ts';
import type { Surroundings } from './vitest.ts';

export interface Versions {
  /** The npm script, for the line about wrong usage. */
  script: string;
  /** The name in the closing lines, such as `codex`. */
  label: string;
  /** Words of the command line: first the versions, then file filters, then options for vitest. */
  words: readonly string[];
  isVersion(word: string): boolean;
  /** What is run where the words name no file. */
  defaultTests: readonly string[];
  /** Fetches that version. Throws an Error with one line. */
  install(version: string): Surroundings;
}

/** Runs tests with one version after the other, and closes with a line for each and the sum. Sets the exit status. */
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
  writeVerdict(verdicts);
  const sum = sumUp(verdicts);
  const lines = versions.map((version, index) => tellOne(`${label} ${version}`, verdicts[index]));
  console.log(`\n${lines.join('\n')}\n${tell(sum)}`);
  process.exitCode = isGood(sum) && verdicts.every(isGood) ? 0 : 1;
}

function tellOne(name: string, verdict: Verdict | undefined): string {
  const { passed = 0, failed = 0, flakes = [] } = verdict ?? {};
  const flaky = flakes.length > 0 ? `, ${flakes.length} flaky` : '';
  return `${name}: ${passed} passed, ${failed} failed${flaky}`;
}
