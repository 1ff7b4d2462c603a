/**
 * Runs tests with the pinned Codex, and closes with `N passed, N failed`:
 *   npm test                                    everything
 *   npm test -- test/unit/codex --bail 1        arguments for vitest
 * RESULT_FILE=<path>: the verdict as JSON, too.
 */
import { runTests } from './run-tests/run.ts';
import { isGood, sumUp, tell } from './run-tests/verdict.ts';
import { writeVerdict } from './run-tests/verdict-file.ts';

const verdict = runTests(process.argv.slice(2));
writeVerdict([verdict]);
const sum = sumUp([verdict]);
console.log(`\n${tell(sum)}`);
process.exitCode = isGood(sum) ? 0 : 1;
