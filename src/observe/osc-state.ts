import { createCarry, createNeedle } from './needle.ts';

/**
 * The turn states that Codex announces from 0.163 on (fact 79). `idle` comes first when the session is configured, some
 * 250 to 550 ms after the start; from then on Codex takes keys and Enter. A replay of old failed turns announces no error.
 * A turn that went well ends with `done` (0.169).
 */
export type TurnState = 'working' | 'idle' | 'done' | 'error' | 'clear';

/**
 * Watches a terminal's byte stream for `OSC 7501;state=…` and reports each state as it comes. The result does not depend
 * on where the chunks are cut. tmux wraps the sequence in a DCS and doubles its ESCs; it is found there, too.
 */
export function createTurnStateScanner(onState: (state: TurnState) => void): {
  feed(chunk: Buffer): void;
} {
  const carry = createCarry();
  return {
    feed(chunk) {
      const bytes = carry.join(chunk);
      let from = 0;
      for (;;) {
        const start = START.indexOf(bytes, from);
        if (start === -1) break;
        const payload = start + START.length;
        const end = endOfString(bytes, payload);
        if (end === undefined) return carry.keep(bytes, start);
        report(bytes.toString('latin1', payload, end));
        from = end;
      }
      carry.keep(bytes, START.cutIn(bytes, from));
    },
  };

  function report(payload: string): void {
    const state = /^state=(working|idle|done|error|clear)(?:[:;]|$)/.exec(payload)?.[1];
    if (state !== undefined) onState(state as TurnState);
  }
}

const START = createNeedle('\u001b]7501;', 1);
const BEL = 0x07;
const ESC = 0x1b;
/** A state is shorter. A longer payload is cut here, and what follows is searched again. */
const MOST_PAYLOAD = 256;

/** The index of the payload's end; undefined when the end has not come yet. */
function endOfString(bytes: Buffer, from: number): number | undefined {
  const most = from + MOST_PAYLOAD;
  for (let at = from; at < bytes.length && at < most; at += 1) {
    if (bytes[at] === BEL || bytes[at] === ESC) return at;
  }
  return bytes.length >= most ? most : undefined;
}
