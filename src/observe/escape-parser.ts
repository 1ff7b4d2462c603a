/** What a stream of bytes holds besides text. */
export interface EscapeHandler {
  /** `CSI`: parameter bytes (with a leading `?`, `>`, `=` or `<`), intermediate bytes, final byte. */
  csi(parameters: string, intermediates: string, final: string): void;
  /** `ESC` and what follows it, other than CSI and control strings: `7`, `=`, `(0`. */
  escape(sequence: string): void;
  /** The beginning of an OSC's payload, up to `MOST_OSC` characters. */
  osc(payload: string): void;
}

/**
 * A parser of escape sequences that carries its state over chunk boundaries. It looks at escapes only: text between
 * them is searched for the next ESC, so that plain output costs next to nothing.
 */
export function createEscapeParser(handler: EscapeHandler): { feed(chunk: Buffer): void } {
  let state: State = 'text';
  let collected = '';

  function take(byte: number): void {
    if (byte === ESC && state !== 'string') {
      // A new escape aborts an unfinished one.
      state = 'escape';
      collected = '';
    } else if (state === 'escape') {
      takeAfterEscape(byte);
    } else if (state === 'csi') {
      takeCsi(byte);
    } else if (state === 'string') {
      takeString(byte);
    } else if (state === 'string-escape') {
      endString();
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
    } else if (collected === '' && STRINGS.includes(char)) {
      state = 'string';
      collected = char;
    } else if (byte >= 0x20 && byte <= 0x2f) {
      collected = (collected + char).slice(0, MOST_CSI);
    } else {
      if (byte > 0x2f && byte < 0x7f) handler.escape(collected + char);
      state = 'text';
    }
  }

  function takeCsi(byte: number): void {
    if (byte >= 0x40 && byte <= 0x7e) {
      const split = /^([0-?]*)([ -/]*)$/.exec(collected);
      if (split !== null) {
        handler.csi(split[1] as string, split[2] as string, String.fromCharCode(byte));
      }
      state = 'text';
    } else if (byte >= 0x20 && byte < 0x40 && collected.length < MOST_CSI) {
      collected += String.fromCharCode(byte);
    } else if (byte === CAN || byte === SUB || byte >= 0x7f || collected.length >= MOST_CSI) {
      state = 'text';
    }
  }

  function takeString(byte: number): void {
    if (byte === ESC) state = 'string-escape';
    else if (byte === BEL || byte === CAN || byte === SUB) endString();
    else if (collected.length < MOST_OSC) collected += String.fromCharCode(byte);
  }

  function endString(): void {
    if (collected[0] === ']') handler.osc(collected.slice(1));
    collected = '';
    state = 'text';
  }

  return {
    feed(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (state === 'text') {
          at = chunk.indexOf(ESC, at);
          if (at === -1) return;
        }
        take(chunk[at] as number);
        at += 1;
      }
    },
  };
}

type State = 'text' | 'escape' | 'csi' | 'string' | 'string-escape';

/** OSC, DCS, SOS, PM, APC. */
const STRINGS = ']PX^_';
const MOST_CSI = 64;
const MOST_OSC = 64;
const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const BACKSLASH = 0x5c;
