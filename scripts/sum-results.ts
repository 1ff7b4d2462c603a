/**
 * Adds up the verdicts of the gate's test runs, and ends with `N passed, N failed`:
 *   tsx scripts/sum-results.ts <failed steps> <verdict file>…
 * A missing verdict file is one failure.
 */
import { readFileSync } from 'node:fs';
import { formatVerdict, isGood, sumUp, type Verdict } from './run-tests/verdict.ts';

const [failedSteps = '0', ...files] = process.argv.slice(2);
const steps: Verdict = { passed: 0, failed: Number(failedSteps), flakes: [], failures: [] };
const sum = sumUp([steps, ...files.flatMap(readVerdicts)]);
console.log(`\n${formatVerdict(sum)}`);
process.exitCode = isGood(sum) ? 0 : 1;

function readVerdicts(file: string): Verdict[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Verdict[];
  } catch {
    return [{ passed: 0, failed: 1, flakes: [], failures: [`no results: ${file}`] }];
  }
}
