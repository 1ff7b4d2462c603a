import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alternate, median, ms } from './measure.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const PAIRS = 15;
const ROLLOUTS = 10_000;
const BUDGET_MS = 150;

/** The time of `codex-hotswap status` with a long history in the shared home. The rival is an empty Node. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const { box } = await workshop.openBench();
  fillHistory(join(box.codexHome, 'sessions'));
  const time = (command: string, args: string[]) => () => {
    const start = performance.now();
    const { status } = spawnSync(command, args, { env: box.env, cwd: box.work, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${command}: ${status}`);
    return performance.now() - start;
  };
  const { ours, rival, ratio } = await alternate(
    PAIRS,
    time(join(box.realBin, 'codex-hotswap'), ['status']),
    time(process.execPath, ['-e', '0']),
  );
  return [
    {
      what: 'status: with 10,000 rollouts',
      ours: ms(median(ours)),
      rival: `${ms(median(rival))} node -e 0`,
      ratio: `${ratio.toFixed(2)} ×`,
      budget: `≤ ${BUDGET_MS} ms`,
      verdict: verdictOf(median(ours) <= BUDGET_MS),
    },
  ];
}

function fillHistory(sessions: string): void {
  for (let i = 0; i < ROLLOUTS; i += 1) {
    const day = join(sessions, '2026', String(1 + (i % 10)).padStart(2, '0'), '15');
    mkdirSync(day, { recursive: true });
    const id = `01a1fc00-0000-7000-8000-${String(i).padStart(12, '0')}`;
    const meta = { timestamp: '2026-01-15T00:00:00Z', type: 'session_meta', payload: { id } };
    writeFileSync(
      join(day, `rollout-2026-01-15T00-00-00-${id}.jsonl`),
      `${JSON.stringify(meta)}\n`,
    );
  }
}
