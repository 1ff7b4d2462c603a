/** What a stream of bytes holds besides text. */
export interface EscapeHandler {
  /** `CSI`: parameter bytes (with a leading `?`, `>`, `=` or `<`), intermediate bytes, final byte. */
  csi(parameters: string, intermediates: string, final: string): void;
  /** `ESC` and what follows it, other than CSI and OSC: `7`, `=`, `(0`. */
  escape(sequence: string): void;
  /** The beginning of an OSC's payload, up to `MOST_OSC` characters. */
  osc(payload: string): void;
}

/**
 * A parser of escape sequences that keeps its state from chunk to chunk. It is slow, a function call for each byte. But a
 * sequence means the same wherever it stands (each ESC ends the sequence before it), so a caller can leave out the
 * sequences that it does not need.
 */
export function createEscapeParser(handler: EscapeHandler) {
  let state: State = 'text';
  let collected = '';

  function take(byte: number): void {
    if (byte === ESC && state !== 'osc') {
      // A new escape aborts an unfinished one.
      state = 'escape';
      collected = '';
    } else if (state === 'escape') takeAfterEscape(byte);
    else if (state === 'csi') takeCsi(byte);
    else if (state === 'osc') takeOsc(byte);
    else if (state === 'osc-escape') {
      endOsc();
      if (byte !== BACKSLASH) {
        state = 'escape';
        takeAfterEscape(byte);
      }
    }
  }

  function takeAfterEscape(byte: number): void {
    const char = String.fromCharCode(byte);
    if (collected === '' && char === '[') {
      state = 'csi';
    } else if (collected === '' && char === ']') {
      state = 'osc';
    } else if (byte >= 0x20 && byte <= 0x2f) {
      collected = (collected + char).slice(0, MOST_CSI);
    } else {
      if (byte > 0x2f && byte < 0x7f) handler.escape(collected + char);
      state = 'text';
    }
  }

  function takeCsi(byte: number): void {
    if (byte >= 0x40 && byte <= 0x7e) {
      endCsi(String.fromCharCode(byte));
    } else if (byte >= 0x20 && byte < 0x40 && collected.length < MOST_CSI) {
      collected += String.fromCharCode(byte);
    } else if (isEndOfCsi(byte) || collected.length >= MOST_CSI) {
      state = 'text';
    }
  }

  function endCsi(final: string): void {
    state = 'text';
    passCsi(collected, final, handler);
  }

  function takeOsc(byte: number): void {
    if (byte === ESC) state = 'osc-escape';
    else if (byte === BEL || byte === CAN || byte === SUB) endOsc();
    else if (collected.length < MOST_OSC) collected += String.fromCharCode(byte);
  }

  function endOsc(): void {
    handler.osc(collected);
    collected = '';
    state = 'text';
  }

  return {
    /**
     * Parses from `at` on, until the sequence there has ended, and each one that cuts it short.
     * @returns the index behind them.
     */
    parse(bytes: Buffer, at: number): number {
      for (let next = at; next < bytes.length; next += 1) {
        take(bytes[next] as number);
        if (state === 'text') return next + 1;
      }
      return bytes.length;
    },
    /** A sequence has begun, and the bytes so far have not ended it. */
    isInside: () => state !== 'text',
  };
}

function isEndOfCsi(byte: number): boolean {
  return byte === CAN || byte === SUB || byte >= 0x7f;
}

function passCsi(collected: string, final: string, handler: EscapeHandler): void {
  // Intermediates come last: a parameter byte behind one makes it no sequence at all.
  const parts = /^([0-?]*)([ -/]*)$/.exec(collected);
  if (parts !== null) handler.csi(parts[1] as string, parts[2] as string, final);
}

type State = 'text' | 'escape' | 'csi' | 'osc' | 'osc-escape';

/** A CSI with more parameter and intermediate bytes is ignored. */
export const MOST_CSI = 64;
const MOST_OSC = 64;
const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const BACKSLASH = 0x5c;
