import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { alternate, median, percentile } from './measure.ts';
import { type Row, verdictOf } from './table.ts';
import type { Bench, Workshop } from './workshop.ts';

const STAND_IN = fileURLToPath(new URL('stand-in', import.meta.url));
const WRITER = fileURLToPath(new URL('write-events.mjs', import.meta.url));

const PAIRS = 5;
const LINES = 400_000;
const TIMED_LINES = 1500;
const WARM_UP = 200;
const BUDGET_MS = 0.1;

/** The lines of `codex exec --json` on their way through us, beside a pipe that leads to the client directly. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const opened = await workshop.openBench({ codex: STAND_IN });
  const delay = (file: string) => () => timeLines(opened, file);
  const delays = await alternate(PAIRS, delay(opened.shim), delay(STAND_IN));
  const speed = (file: string) => () => timeFlood(opened, file);
  const speeds = await alternate(PAIRS, speed(opened.shim), speed(STAND_IN));
  return [
    {
      what: 'exec --json: from the write of a line to its reader, p50',
      ours: us(median(delays.ours)),
      rival: `${us(median(delays.rival))} a pipe`,
      ratio: `${delays.difference < 0 ? '−' : '+'}${us(Math.abs(delays.difference))}`,
      budget: `≤ +${BUDGET_MS} ms`,
      verdict: verdictOf(delays.difference <= BUDGET_MS),
    },
    {
      what: `exec --json: ${LINES / 1000},000 lines of 500 bytes`,
      ours: `${median(speeds.ours).toFixed(0)} MB/s`,
      rival: `${median(speeds.rival).toFixed(0)} MB/s a pipe`,
      ratio: `${speeds.ratio.toFixed(2)} ×`,
      budget: '≥ 0.90 ×',
      verdict: verdictOf(speeds.ratio >= 0.9),
    },
  ];
}

/** Starts `codex exec --json` in the place of which lines are written. */
function writeLines({ box }: Bench, file: string, words: string) {
  const env = { ...box.env, STAND_IN: `${process.execPath} ${WRITER} ${words}` };
  const args = ['exec', '--json', 'hello'];
  // The stand-in gives its own words to the writer, too.
  return spawn(file, args, { env, cwd: box.work, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Milliseconds. */
async function timeLines(bench: Bench, file: string): Promise<number> {
  const { stdout } = writeLines(bench, file, `${TIMED_LINES} 1`);
  const times: number[] = [];
  for await (const chunk of stdout) {
    const at = process.hrtime.bigint();
    const [, written] = /"at":(\d+),/.exec(String(chunk)) ?? [];
    if (written !== undefined) times.push(Number(at - BigInt(written)) / 1e6);
  }
  return percentile(times.slice(WARM_UP), 0.5);
}

/** MB/s, from the first byte to the last. */
async function timeFlood(bench: Bench, file: string): Promise<number> {
  const { stdout } = writeLines(bench, file, String(LINES));
  let [length, first] = [0, 0];
  for await (const chunk of stdout) {
    if (length === 0) first = performance.now();
    length += chunk.length;
  }
  return length / 1e6 / ((performance.now() - first) / 1000);
}

function us(milliseconds: number): string {
  return `${(milliseconds * 1000).toFixed(0)} µs`;
}
