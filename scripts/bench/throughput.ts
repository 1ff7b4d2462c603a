import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { BLOCK, makeFlood } from './flood.mjs';
import { alternate, median } from './measure.ts';
import { openRelays, type Relay, type Relays } from './relays.ts';
import { judge, type Row } from './table.ts';
import type { Workshop } from './workshop.ts';

const MB = 1_000_000;
/** Whole frames: after half a one the supervisor would rightly undo the modes it left set. */
const SIZE = Math.ceil((100 * MB) / BLOCK) * BLOCK;
const PAIRS = 4;
const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url));

/** 100 MB of a TUI's output, from its first byte to its last. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const relays = await openRelays(workshop);
  const isWhole = (await hashFlood(relays, 'ours')) === expectedHash();
  const speed = (relay: Relay) => () => timeFlood(relays, relay);
  const { ours, rival, ratio } = await alternate(PAIRS, speed('ours'), speed('script'));
  const row = {
    what: 'throughput: 100 MB',
    ours: `${median(ours).toFixed(0)} MB/s`,
    rival: `${median(rival).toFixed(0)} MB/s script(1)`,
    ratio: `${ratio.toFixed(2)} ×`,
    budget: '≥ 0.90 ×',
    verdict: judge(ratio >= 0.9),
  };
  const integrity = {
    what: 'throughput: every byte delivered',
    ours: isWhole ? 'yes' : 'no',
    rival: '',
    ratio: '',
    budget: 'yes',
    verdict: judge(isWhole),
  };
  return [row, integrity];
}

/** MB/s. */
async function timeFlood(relays: Relays, relay: Relay): Promise<number> {
  const { pty, ended } = relays.open(relay, `${process.execPath} ${FLOOD} ${SIZE}`);
  let received = 0;
  let first = 0;
  let last = 0;
  pty.onData((chunk) => {
    if (received === 0) first = performance.now();
    received += chunk.length;
    if (received >= SIZE) last = performance.now();
  });
  const status = await ended;
  if (status !== 0 || received < SIZE) throw new Error(`${relay}: ${received} bytes, ${status}`);
  return SIZE / MB / ((last - first) / 1000);
}

async function hashFlood(relays: Relays, relay: Relay): Promise<string> {
  const { pty, ended } = relays.open(relay, `${process.execPath} ${FLOOD} ${SIZE}`);
  const hash = createHash('sha256');
  pty.onData((chunk) => hash.update(chunk));
  await ended;
  return hash.digest('hex');
}

function expectedHash(): string {
  const hash = createHash('sha256');
  for (const block of makeFlood(SIZE)) hash.update(block);
  return hash.digest('hex');
}
