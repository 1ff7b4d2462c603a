import { spawnSync } from 'node:child_process';
import { addedMs, alternate, median, ms } from './measure.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const PAIRS = 100;
const BUDGET_MS = 3;

/** The time that the shim adds to a command without a turn. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const { box, shim } = await workshop.openBench({ codex: workshop.nativeCodex });
  const env = withUsualPath(box.env);
  const time = (file: string) => () => {
    const start = performance.now();
    const { status } = spawnSync(file, ['--version'], { env, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${file} --version: ${status}`);
    return performance.now() - start;
  };
  const { ours, rival, difference } = await alternate(
    PAIRS,
    time(shim),
    time(workshop.nativeCodex),
  );
  return [
    {
      what: 'shim: codex --version',
      ours: ms(median(ours)),
      rival: `${ms(median(rival))} native codex`,
      ratio: addedMs(difference),
      budget: `≤ +${BUDGET_MS} ms`,
      verdict: verdictOf(difference <= BUDGET_MS),
    },
  ];
}

/** A usual PATH has a dozen directories, and the real codex is in one of the last. */
function withUsualPath(env: Record<string, string>): Record<string, string> {
  const [shimDir, ...others] = (env.PATH ?? '').split(':');
  const empty = Array.from({ length: 10 }, (_, i) => `${env.HOME}/tools/${i}/bin`);
  return { ...env, PATH: [shimDir, ...empty, ...others].join(':') };
}
