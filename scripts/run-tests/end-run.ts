import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatVerdict, isGood, sumUp, type Verdict } from './verdict.ts';

/**
 * Prints the lines and the sum of the verdicts, and sets the exit status. Where `RESULT_FILE` names a file, writes the verdicts
 * there as JSON; the gate adds up such files.
 */
export function endRun(verdicts: readonly Verdict[], lines: readonly string[] = []): void {
  const file = process.env.RESULT_FILE;
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(verdicts));
  }
  const sum = sumUp(verdicts);
  console.log(`\n${[...lines, formatVerdict(sum)].join('\n')}`);
  process.exitCode = isGood(sum) && verdicts.every(isGood) ? 0 : 1;
}
