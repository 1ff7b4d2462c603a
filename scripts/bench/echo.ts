import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median, percentile } from './measure.ts';
import { openRelays, type Relay, type Relays } from './relays.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const ROUNDS = 6;
const KEYS = 300;
const WARM_UP = 100;
const ECHO = fileURLToPath(new URL('echo-keys.mjs', import.meta.url));

/** The time from a key press to its echo. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const relays = await openRelays(workshop);
  const kinds: Relay[] = ['ours', 'script', 'direct'];
  const p50: Record<Relay, number[]> = { ours: [], script: [], direct: [] };
  const p99: Record<Relay, number[]> = { ours: [], script: [], direct: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const relay of round % 2 === 0 ? kinds : kinds.toReversed()) {
      const times = await timeKeys(relays, relay);
      p50[relay].push(percentile(times, 0.5));
      p99[relay].push(percentile(times, 0.99));
    }
  }
  return [row('p50', p50, 0.2), row('p99', p99, 2)];
}

function row(name: string, times: Record<Relay, number[]>, budgetMs: number): Row {
  const added = median(times.ours.map((time, round) => time - (times.script[round] ?? NaN)));
  return {
    what: `echo: a key and back, ${name}`,
    ours: us(median(times.ours)),
    rival: `${us(median(times.script))} script(1), ${us(median(times.direct))} bare`,
    ratio: `${added < 0 ? '−' : '+'}${us(Math.abs(added))}`,
    budget: `≤ +${budgetMs} ms`,
    verdict: verdictOf(added <= budgetMs),
  };
}

async function timeKeys(relays: Relays, relay: Relay): Promise<number[]> {
  const { pty, ended } = relays.open(relay, `${process.execPath} ${ECHO} ${KEYS + WARM_UP}`);
  let arrived: (chunk: Buffer) => void = () => {};
  let seen = '';
  const ready = new Promise<void>((resolve) => {
    arrived = (chunk) => {
      seen += chunk.toString('latin1');
      if (seen.includes('ready')) resolve();
    };
  });
  pty.onData((chunk) => arrived(chunk));
  await Promise.race([ready, ended.then(() => Promise.reject(new Error(`${relay}: ${seen}`)))]);
  const times: number[] = [];
  for (let key = 0; key < KEYS + WARM_UP; key += 1) {
    await sleep(1);
    const start = performance.now();
    const back = new Promise<void>((resolve) => {
      arrived = () => resolve();
    });
    pty.write('x');
    await back;
    if (key >= WARM_UP) times.push(performance.now() - start);
  }
  await ended;
  return times;
}

function us(milliseconds: number): string {
  return `${(milliseconds * 1000).toFixed(0)} µs`;
}
