import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BLOCK } from './flood.mjs';
import { openRelays } from './relays.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const MB = 1_000_000;
const SIZE = Math.ceil((1000 * MB) / BLOCK) * BLOCK;
const BUDGET_MB = 80;
/** Memory may grow by this much and count as flat: garbage that is not collected yet. */
const NOISE_MB = 8;
const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url));

/** The supervisor's resident memory while 1 GB goes through it. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const relays = await openRelays(workshop);
  const { pty, ended } = relays.open('ours', `${process.execPath} ${FLOOD} ${SIZE}`);
  const samples: number[] = [];
  let received = 0;
  pty.onData((chunk) => {
    received += chunk.length;
    // The supervisor has the pid of the shim, because the shim starts it by exec.
    if (received > (samples.length + 1) * 100 * MB) samples.push(residentMb(pty.pid));
  });
  await ended;
  return [memoryRow('memory: 1 GB of output', samples)];
}

/** @param samples of one process, in MB, oldest first. The first is taken when everything is loaded. */
export function memoryRow(what: string, samples: number[]): Row {
  const [first = NaN] = samples;
  const last = samples.at(-1) ?? NaN;
  const peak = Math.max(...samples);
  const grown = last - first;
  return {
    what,
    ours: `${last.toFixed(0)} MB (peak ${peak.toFixed(0)})`,
    rival: `${first.toFixed(0)} MB after a tenth`,
    ratio: `${grown < 0 ? '−' : '+'}${Math.abs(grown).toFixed(0)} MB`,
    budget: `≤ ${BUDGET_MB} MB, flat`,
    verdict: verdictOf(peak <= BUDGET_MB && grown <= NOISE_MB),
  };
}

/** Resident set size of a process; NaN where there is no /proc. */
export function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / MB;
  } catch {
    return Number.NaN;
  }
}
