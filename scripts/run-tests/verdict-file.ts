import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Verdict } from './verdict.ts';

/** Writes the verdicts of a run where `RESULT_FILE` says; without it, nowhere. The gate adds up such files. */
export function writeVerdict(verdicts: readonly Verdict[], file = process.env.RESULT_FILE): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(verdicts));
}
