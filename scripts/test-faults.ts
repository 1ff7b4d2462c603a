/**
 * Makes every call of ours into `fs` fail, one run for each, with a stand-in for Codex:
 *   npm run test:faults                         every scene, every error, every call
 *   npm run test:faults -- handoff              one scene
 *   npm run test:faults -- handoff ENOSPC 12    one error, one call: prints the screen, too
 *   npm run test:faults -- --every 10           every tenth call
 *   npm run test:faults -- --homes              the calls in the vaults and the shared home, instead of our own directories
 *   npm run test:faults -- quit --count         the calls that the scene makes
 */
import { parseArgs } from 'node:util';
import { ERRORS, type FaultError, type Where } from '../test/faults/home.ts';
import { countCalls, type Verdict } from '../test/faults/judge.ts';
import { SCENES, type SceneName } from '../test/faults/scenes.ts';
import { tryFaults } from '../test/faults/try-faults.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'string', default: '1' },
    count: { type: 'boolean', default: false },
    homes: { type: 'boolean', default: false },
  },
});
const where: Where = values.homes ? 'homes' : 'own';
const scenes = pick<SceneName>(SCENES);
const errors = pick<FaultError>(ERRORS);
const at = positionals.find((word) => /^\d+$/.test(word));
const unknown = positionals.filter(
  (word) => word !== at && ![...SCENES, ...ERRORS].some((known) => known === word),
);
if (unknown.length > 0) {
  console.error(
    `unknown: ${unknown.join(' ')}; scenes: ${SCENES.join(' ')}; errors: ${ERRORS.join(' ')}`,
  );
  process.exit(2);
}

const startedAt = performance.now();
const failed: Verdict[] = [];
let runs = 0;
for (const scene of scenes) {
  const calls = await countCalls(scene, where);
  console.log(`${scene}: ${calls.length} calls`);
  if (values.count) console.log(calls.join('\n'));
  else await tryScene(scene, calls.length);
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(`${runs - failed.length} passed, ${failed.length} failed, in ${seconds} s`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function tryScene(scene: SceneName, calls: number): Promise<void> {
  const numbers =
    at === undefined
      ? Array.from({ length: calls }, (_, index) => index + 1).filter(
          (number) => number % Number(values.every) === 0,
        )
      : [Number(at)];
  const faults = errors.flatMap((error) => numbers.map((number) => ({ error, at: number, where })));
  await tryFaults(scene, faults, (verdict) => {
    runs += 1;
    if (verdict.faults.length === 0 && at === undefined) return;
    if (verdict.faults.length > 0) failed.push(verdict);
    printVerdict(verdict);
  });
}

function printVerdict({ scene, fault, call, faults, output, milliseconds }: Verdict): void {
  const what = faults.length === 0 ? 'passed' : faults.join('; ');
  console.log(`${scene} ${fault.error} ${fault.at} (${call ?? 'no call'}): ${what}`);
  if (at !== undefined) console.log(`${output}\n${Math.round(milliseconds)} ms`);
}

function pick<T extends string>(all: readonly T[]): T[] {
  const named = all.filter((one) => positionals.includes(one));
  return named.length > 0 ? named : [...all];
}
