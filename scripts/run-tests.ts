/**
 * Runs tests with the pinned Codex, and ends with `N passed, N failed`:
 *   npm test                                    everything
 *   npm test -- test/unit/codex --bail 1        arguments for vitest
 * RESULT_FILE=<path>: writes the verdict as JSON, too.
 */
import { endRun } from './run-tests/end-run.ts';
import { runTests } from './run-tests/run.ts';

endRun([runTests(process.argv.slice(2))]);
