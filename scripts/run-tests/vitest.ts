import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Report, readReport } from './report.ts';

export const REPO = fileURLToPath(new URL('../..', import.meta.url));
const RESULTS = join(REPO, '.cache', 'results');
const VITEST = join(REPO, 'node_modules', 'vitest', 'vitest.mjs');

/** The environment and the Node of the tests, where they differ from ours. */
export interface Surroundings {
  /** Added to our own environment. */
  env?: NodeJS.ProcessEnv;
  /** The path of the Node that runs vitest. */
  node?: string;
}

/**
 * Runs vitest once. Its output goes to the terminal.
 * @param args file filters and options, as for `vitest run`.
 * @returns its report; undefined when it wrote none.
 */
export function runVitest(
  args: readonly string[],
  { env = {}, node = process.execPath }: Surroundings = {},
): Report | undefined {
  mkdirSync(RESULTS, { recursive: true });
  // Two runs in one checkout may overlap.
  const report = join(RESULTS, `vitest-${process.pid}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const command = [VITEST, 'run', ...reporters, ...args];
  const options = { cwd: REPO, stdio: 'inherit', env: { ...process.env, ...env } } as const;
  spawnSync(node, command, options);
  const found = readReport(report);
  rmSync(report, { force: true });
  return found;
}
