/**
 * The turn states Codex announces from 0.163 on (fact 79). `idle` comes first when the session is configured, some
 * 250-550 ms after the start, and takes keys and Enter from then on; a replay of old failed turns announces no error. A
 * turn that went well ends with `done` (0.169).
 */
export type TurnState = 'working' | 'idle' | 'done' | 'error' | 'clear';

/**
 * Watches a terminal's byte stream for `OSC 7501;state=…` and reports each state as it comes, whatever the chunking.
 * Inside tmux the sequence is wrapped in a DCS with its ESCs doubled; it is found there just the same.
 */
export function createTurnStateScanner(onState: (state: TurnState) => void): {
  feed(chunk: Buffer): void;
} {
  let tail: Buffer = NOTHING;
  return {
    feed(chunk) {
      const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      let from = 0;
      for (;;) {
        const start = bytes.indexOf(START, from);
        if (start === -1) break;
        const end = endOfString(bytes, start + START.length);
        if (end === undefined) {
          tail = Buffer.from(bytes.subarray(start));
          return;
        }
        report(bytes.toString('latin1', start + START.length, end));
        from = end;
      }
      const held = partialStart(bytes, from);
      tail = held === 0 ? NOTHING : Buffer.from(bytes.subarray(bytes.length - held));
    },
  };

  function report(payload: string): void {
    const state = /^state=(working|idle|done|error|clear)(?:[:;]|$)/.exec(payload)?.[1];
    if (state !== undefined) onState(state as TurnState);
  }
}

const START = Buffer.from('\u001b]7501;');
const NOTHING: Buffer = Buffer.alloc(0);
const BEL = 0x07;
const ESC = 0x1b;
/** More than this behind the introducer is not a state: give up on it. */
const MOST_PAYLOAD = 256;

function endOfString(bytes: Buffer, from: number): number | undefined {
  const most = from + MOST_PAYLOAD;
  for (let at = from; at < bytes.length && at < most; at += 1) {
    if (bytes[at] === BEL || bytes[at] === ESC) return at;
  }
  return bytes.length >= most ? most : undefined;
}

/** How many bytes at the end may be the first ones of an introducer, which has one ESC only. */
function partialStart(bytes: Buffer, from: number): number {
  const most = Math.min(START.length - 1, bytes.length - from);
  for (let length = 1; length <= most; length += 1) {
    if (bytes[bytes.length - length] !== ESC) continue;
    return bytes.subarray(bytes.length - length).equals(START.subarray(0, length)) ? length : 0;
  }
  return 0;
}
