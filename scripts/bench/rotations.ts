import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawnHeldPty } from '../../test/lab/held-pty.ts';
import { memoryRow, residentMb } from './memory.ts';
import type { Row } from './table.ts';
import type { Workshop } from './workshop.ts';

/** BENCH_SECONDS=200 is enough for a thousand handoffs. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 30);
const ACCOUNTS = 12;
const EXHAUSTED = fileURLToPath(new URL('exhausted', import.meta.url));

/** The supervisor's resident memory over as many handoffs as fit into the time. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  // An account rests for a second, and fewer accounts than these are used up in a second.
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => ({ name: `acc${index + 1}` }));
  const { box, shim } = await workshop.openBench({ codex: EXHAUSTED, accounts });
  const log = join(box.home, '.local/state/codex-hotswap/events.jsonl');
  const pty = spawnHeldPty({
    file: shim,
    args: [],
    env: box.env,
    cwd: box.work,
    columns: 80,
    rows: 24,
  });
  pty.onData(() => {});
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  const samples: number[] = [];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    await Promise.race([sleep((SECONDS * 1000) / 10), ended]);
    samples.push(residentMb(pty.pid));
  }
  process.kill(pty.pid, 'SIGTERM');
  await ended;
  const rotations = readFileSync(log, 'utf8').match(/"type":"rotated"/g)?.length ?? 0;
  const row = memoryRow(`memory: ${rotations} handoffs in a row`, samples);
  return rotations < 10 ? [{ ...row, verdict: 'MISS' }] : [row];
}
