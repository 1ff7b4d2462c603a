/** What a stream of bytes holds besides text. */
export interface EscapeHandler {
  /** Final bytes of the `CSI` sequences that are asked for; all others are passed over. */
  finals: string;
  /** `CSI`: parameter bytes (with a leading `?`, `>`, `=` or `<`), intermediate bytes, final byte. */
  csi(parameters: string, intermediates: string, final: string): void;
  /** `CSI … m` without a leading mark, the bulk of what a TUI draws: whether anything but zeros stands in it. */
  style(isStyled: boolean): void;
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
  const wanted = new Uint8Array(256);
  for (const final of `${handler.finals}m`) wanted[final.charCodeAt(0)] = 1;

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
      passCsi(Buffer.from(collected, 'latin1'), 0, collected.length, byte);
      state = 'text';
    } else if (byte >= 0x20 && byte < 0x40 && collected.length < MOST_CSI) {
      collected += String.fromCharCode(byte);
    } else if (byte === CAN || byte === SUB || byte >= 0x7f || collected.length >= MOST_CSI) {
      state = 'text';
    }
  }

  /** A CSI whose parameters and intermediates are `bytes[start..end)`. */
  function passCsi(bytes: Buffer, start: number, end: number, final: number): void {
    if (wanted[final] === 0) return;
    let split = start;
    let isStyled = false;
    for (; split < end && (bytes[split] as number) >= DIGIT_0; split += 1) {
      isStyled ||= bytes[split] !== DIGIT_0;
    }
    // Intermediates come last: a parameter byte behind one makes it no sequence at all.
    for (let at = split; at < end; at += 1) if ((bytes[at] as number) >= DIGIT_0) return;
    if (final === STYLE && split === end && !(split > start && isMark(bytes[start] as number))) {
      return handler.style(isStyled);
    }
    handler.csi(
      bytes.toString('latin1', start, split),
      bytes.toString('latin1', split, end),
      String.fromCharCode(final),
    );
  }

  /**
   * The sequence at `at`, if it is a CSI that is wholly in this chunk, as nearly all are: its end, else -1. Nothing is
   * copied on this way, which a TUI's output takes for every few bytes of text.
   */
  function passWholeCsi(chunk: Buffer, at: number): number {
    if (chunk[at + 1] !== CSI) return -1;
    const last = Math.min(chunk.length, at + 2 + MOST_CSI);
    for (let end = at + 2; end < last; end += 1) {
      const byte = chunk[end] as number;
      if (byte >= 0x40 && byte <= 0x7e) {
        passCsi(chunk, at + 2, end, byte);
        return end;
      }
      if (byte < 0x20 || byte >= 0x7f) return -1;
    }
    return -1;
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
          at = findEscape(chunk, at);
          if (at === -1) return;
          const end = passWholeCsi(chunk, at);
          if (end !== -1) {
            at = end + 1;
            continue;
          }
        }
        take(chunk[at] as number);
        at += 1;
      }
    },
  };
}

/** The next one is near in a TUI's output and far in plain text: only the far one is worth a call into native code. */
function findEscape(chunk: Buffer, from: number): number {
  const near = Math.min(chunk.length, from + 64);
  for (let at = from; at < near; at += 1) if (chunk[at] === ESC) return at;
  return near === chunk.length ? -1 : chunk.indexOf(ESC, near);
}

/** `<`, `=`, `>` or `?`: a private sequence. */
function isMark(byte: number): boolean {
  return byte >= 0x3c && byte <= 0x3f;
}

type State = 'text' | 'escape' | 'csi' | 'string' | 'string-escape';

/** OSC, DCS, SOS, PM, APC. */
const STRINGS = ']PX^_';
const MOST_CSI = 64;
const MOST_OSC = 64;
const ESC = 0x1b;
const CSI = 0x5b;
const STYLE = 0x6d;
const DIGIT_0 = 0x30;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const BACKSLASH = 0x5c;
