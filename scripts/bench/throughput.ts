import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { BLOCK, makeFlood } from './flood.mjs';
import { alternate, median } from './measure.ts';
import { openRelays, type Relay, type Relays, type Terminal } from './relays.ts';
import { type Row, verdictOf } from './table.ts';
import type { Workshop } from './workshop.ts';

const MB = 1_000_000;
/** Whole frames: after half a frame the supervisor would reset the modes that the frame set. */
const SIZE = Math.ceil((100 * MB) / BLOCK) * BLOCK;
const PAIRS = 3;
const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url));

type Content = 'frames' | 'plain';

/** The speed of 100 MB of a TUI's frames, and of plain text, from the first byte to the last. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const relays = await openRelays(workshop);
  const rows: Row[] = [];
  for (const content of ['frames', 'plain'] as const) {
    const speed = (relay: Relay) => () => timeFlood(relays, relay, content);
    const { ours, rival, ratio } = await alternate(PAIRS, speed('ours'), speed('script'));
    rows.push({
      what: `throughput: 100 MB of ${content === 'frames' ? 'TUI frames' : 'plain text'}`,
      ours: `${median(ours).toFixed(0)} MB/s`,
      rival: `${median(rival).toFixed(0)} MB/s script(1)`,
      ratio: `${ratio.toFixed(2)} ×`,
      budget: '≥ 0.90 ×',
      verdict: verdictOf(ratio >= 0.9),
    });
  }
  const isWhole = (await hashFlood(relays, 'ours', 'frames')) === expectedHash();
  rows.push({
    what: 'throughput: every byte delivered',
    ours: isWhole ? 'yes' : 'no',
    rival: '',
    ratio: '',
    budget: 'yes',
    verdict: verdictOf(isWhole),
  });
  return rows;
}

function open(relays: Relays, relay: Relay, content: Content): Terminal {
  return relays.open(relay, `${process.execPath} ${FLOOD} ${SIZE} ${content}`);
}

/** MB/s. */
async function timeFlood(relays: Relays, relay: Relay, content: Content): Promise<number> {
  const { pty, ended } = open(relays, relay, content);
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

async function hashFlood(relays: Relays, relay: Relay, content: Content): Promise<string> {
  const { pty, ended } = open(relays, relay, content);
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
