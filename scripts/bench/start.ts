import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openOuterTerminal } from '../../test/lab/outer-terminal.ts';
import { alternate, median, ms } from './measure.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const PAIRS = 15;
/** Since Node 22.15 npm codex replaces its process by the native binary (execve), so this rival is faster. */
const BUDGET = 'execve' in process ? 1.1 : 1.25;

/** The time from the command to the first frame of the TUI. The rival is plain codex as npm installs it. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const { box, shim } = await workshop.openBench();
  const code = join(box.home, '.local/state/codex-hotswap/launcher.code');
  const firstFrame = (file: string, args: string[], stay?: () => boolean) => async () => {
    const start = performance.now();
    const terminal = openOuterTerminal({ file, args, env: box.env, cwd: box.work });
    await terminal.waitForText('›');
    const took = performance.now() - start;
    while (stay?.() === true) await new Promise((resume) => setTimeout(resume, 50));
    terminal.signal('SIGTERM');
    await terminal.waitForExit();
    await terminal.dispose();
    return took;
  };
  // A user's first session lasts long enough to save the compiled code for the next sessions.
  await firstFrame(shim, [], () => !existsSync(code))();
  // Without --no-daemon plain codex would be slower, and its daemon would outlive it (fact 98).
  const { ours, rival, ratio } = await alternate(
    PAIRS,
    firstFrame(shim, []),
    firstFrame(join(box.realBin, 'codex'), ['--no-daemon']),
  );
  return [
    {
      what: 'start: command to first frame',
      ours: ms(median(ours)),
      rival: `${ms(median(rival))} npm codex`,
      ratio: `${ratio.toFixed(2)} ×`,
      budget: `≤ ${BUDGET.toFixed(2)} ×`,
      verdict: verdictOf(ratio <= BUDGET),
    },
  ];
}
