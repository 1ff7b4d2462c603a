/**
 * Hunts a flake: runs the files that fit a pattern many times, while other processes keep every core busy.
 *   npm run test:hunt -- test/e2e/wait.test.ts 20 [options for vitest]
 * Prints each failure as `N of 20` with its message, and the directory of its screens and logs. Ctrl-C ends it.
 */
import { availableParallelism } from 'node:os';
import { startLoad } from './hunt/load.ts';
import { createTally } from './hunt/tally.ts';
import { runVitest } from './run-tests/vitest.ts';

const MOST_RUNS = 500;

const [pattern = '', times = '', ...options] = process.argv.slice(2);
const runs = Number(times);
if (pattern === '' || !Number.isInteger(runs) || runs < 1 || runs > MOST_RUNS) {
  console.error(
    `usage: npm run test:hunt -- <pattern> <1 to ${MOST_RUNS} times> [options for vitest]`,
  );
  process.exit(2);
}

const load = startLoad(availableParallelism());
const tally = createTally();
try {
  for (let run = 1; run <= runs; run += 1) {
    const startedAt = Date.now();
    tally.add(runVitest([pattern, ...options]));
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    console.log(`== run ${run} of ${runs}: ${tally.last()} (${seconds} s)`);
    if (tally.isEmpty()) break; // no file fits the pattern
  }
} finally {
  load.end();
}
console.log(`\n${tally.list()}`);
if (!tally.isClean()) console.log('the screens and logs of each failure: .cache/artefacts');
process.exitCode = tally.isClean() ? 0 : 1;
