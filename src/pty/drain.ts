import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** Shorter than the 200 ms after which node-pty destroys the read side of a dead child. */
const DEADLINE_MS = 150;
const RETRY_MS = 1;

/**
 * Delivers the last byte of a dead command, and knows that it was the last.
 *
 * The slave is held open from the start: libuv up to 1.51 takes a partial read after a hang-up for the end of file and
 * loses the tail of a fast child in most runs on Node 20 (libuv#4992). With a slave open there is no hang-up, and so no
 * end of file either. Instead of guessing by silence, we write a marker into the held slave once the command is gone:
 * the pty is a queue, so all that the command wrote comes out before it.
 */
export function createDrain(
  slavePath: string,
  { deliver, onEnd }: { deliver: (chunk: Buffer) => void; onEnd: () => void },
) {
  const slave = openSync(slavePath, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const marker = createMarker();
  let unsent = marker;
  let held: Buffer = Buffer.alloc(0);
  let state: 'flowing' | 'draining' | 'ended' = 'flowing';
  let deadline: NodeJS.Timeout | undefined;

  function sendMarker(): void {
    if (state !== 'draining') return;
    try {
      unsent = unsent.subarray(writeSync(slave, unsent));
    } catch (error) {
      // Full of the command's last words, which we are about to read. Anything else: the deadline ends it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
    if (unsent.length > 0) setTimeout(sendMarker, RETRY_MS);
  }

  function end(): void {
    if (state === 'ended') return;
    state = 'ended';
    clearTimeout(deadline);
    closeSync(slave);
    if (held.length > 0) deliver(held);
    onEnd();
  }

  return {
    /** Every chunk that was read from the pty. */
    feed(chunk: Buffer): void {
      if (state === 'flowing') deliver(chunk);
      if (state !== 'draining') return;
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = bytes.indexOf(marker);
      const kept = at >= 0 ? bytes.length - at : lengthOfPartialMarker(bytes, marker);
      held = bytes.subarray(bytes.length - kept);
      if (kept < bytes.length) deliver(bytes.subarray(0, bytes.length - kept));
      if (at < 0) return;
      held = Buffer.alloc(0); // the marker, and what a background process may have said after it
      end();
    },
    /** The command is gone: from now on nobody may pause the pty. `onEnd` follows the last byte. */
    start(): void {
      if (state !== 'flowing') return;
      state = 'draining';
      // A stopped tty (Ctrl-S in cooked mode) lets no marker through.
      deadline = setTimeout(end, DEADLINE_MS);
      sendMarker();
    },
    /** The read side has closed: nothing can come any more. */
    end,
  };
}

/** 64 bytes that no output processing touches and, should they ever reach a screen, no terminal shows: NUL and DEL. */
function createMarker(): Buffer {
  const bits = [...randomBytes(8)].flatMap((byte) =>
    [...Array(8).keys()].map((i) => (byte >> i) & 1),
  );
  return Buffer.from(bits.map((bit) => (bit === 1 ? 0x7f : 0x00)));
}

/** How many bytes at the end of `bytes` may be the beginning of the marker. */
function lengthOfPartialMarker(bytes: Buffer, marker: Buffer): number {
  for (let length = Math.min(bytes.length, marker.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
