import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions, RunResult } from './sandbox.ts';
import type { Supervised } from './supervised.ts';

const BIN = fileURLToPath(new URL('../../dist/bin/', import.meta.url));

/** `codex <args>` under supervision and without a terminal, run to its end. Needs a build. */
export function runCodex(
  { sandbox }: Supervised,
  args: string[],
  options?: RunOptions,
): Promise<RunResult> {
  return sandbox.run(process.execPath, [join(BIN, 'codex-hot.js'), ...args], options);
}
