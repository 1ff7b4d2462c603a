import type { Report } from './report.ts';
import { hasPassed, listFilesToRerun, makeVerdict, RERUNS, type Verdict } from './verdict.ts';
import { REPO, runVitest, type Surroundings } from './vitest.ts';

/**
 * Runs the tests, and each file that failed again alone: up to three times, until it fails again. A file that passes each
 * time is a flake, and is named. No other retry exists.
 * @param args for vitest: first the file filters, then the options. A file alone is run with the same options.
 */
export function runTests(args: readonly string[], surroundings: Surroundings = {}): Verdict {
  const report = runVitest(args, surroundings);
  const again = new Map<string, (Report | undefined)[]>();
  const options = optionsOf(args);
  for (const { file } of report === undefined ? [] : listFilesToRerun(report)) {
    const runs: (Report | undefined)[] = [];
    again.set(file, runs);
    do {
      console.log(`\n== again, alone (${runs.length + 1} of ${RERUNS}): ${file}`);
      runs.push(runVitest([...options, file], surroundings));
    } while (runs.length < RERUNS && hasPassed(runs.at(-1)));
  }
  return makeVerdict(report, again, REPO);
}

/** An option may have its value in the next word (`-t name`), so all words from the first option on belong to them. */
function optionsOf(args: readonly string[]): readonly string[] {
  const first = args.findIndex((word) => word.startsWith('-'));
  return first === -1 ? [] : args.slice(first);
}
