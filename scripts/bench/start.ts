import { join } from 'node:path';
import { openOuterTerminal } from '../../test/lab/outer-terminal.ts';
import { alternate, median, ms } from './measure.ts';
import { judge, type Row } from './table.ts';
import type { Workshop } from './workshop.ts';

const PAIRS = 15;

/** From the command to the first frame of the TUI: through the shim, and plain codex as npm installs it. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const { box, shim } = await workshop.openBench();
  const firstFrame = (file: string, args: string[]) => async () => {
    const start = performance.now();
    const terminal = openOuterTerminal({ file, args, env: box.env, cwd: box.work });
    await terminal.waitForText('›');
    const took = performance.now() - start;
    terminal.signal('SIGTERM');
    await terminal.waitForExit();
    await terminal.dispose();
    return took;
  };
  // Without --no-daemon plain codex would be slower, and leave its daemon behind (fact 98).
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
      budget: '≤ 1.00 ×',
      verdict: judge(ratio <= 1),
    },
  ];
}
