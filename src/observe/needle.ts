/** A few bytes that are looked for in a stream. */
export interface Needle {
  readonly length: number;
  /** Where the needle stands at or after `from`; -1 if nowhere. */
  indexOf(bytes: Buffer, from: number): number;
  /** Where the end of the bytes, from `from` on, may be a beginning of the needle; the bytes' length if it is none. */
  cutIn(bytes: Buffer, from: number): number;
}

/**
 * A needle for a native search. The search stops at each byte that equals the needle's first one, and ESC is a TUI's most
 * frequent byte: so it looks for the part that begins with a rare byte, and compares the bytes in front of that.
 * @param rare the index of the rare byte.
 */
export function createNeedle(text: string, rare: number): Needle {
  const whole = Buffer.from(text);
  const rest = whole.subarray(rare);

  function standsAt(bytes: Buffer, at: number): boolean {
    for (let index = 0; index < rare; index += 1)
      if (bytes[at + index] !== whole[index]) return false;
    return true;
  }

  return {
    length: whole.length,
    indexOf(bytes, from) {
      let at = bytes.indexOf(rest, from + rare);
      while (at !== -1 && !standsAt(bytes, at - rare)) at = bytes.indexOf(rest, at + 1);
      return at === -1 ? -1 : at - rare;
    },
    cutIn(bytes, from) {
      const { length } = bytes;
      for (let at = Math.max(from, length - whole.length + 1); at < length; at += 1) {
        if (bytes[at] === whole[0] && whole.compare(bytes, at, length, 0, length - at) === 0)
          return at;
      }
      return length;
    },
  };
}

/** The end of a stream that is not understood yet: it comes again in front of the next chunk. */
export interface Carry {
  /** What was kept, with the chunk behind it. The chunk itself when nothing was kept. */
  join(chunk: Buffer): Buffer;
  /** Keeps a copy of the bytes at and after `from`, and nothing else. */
  keep(bytes: Buffer, from: number): void;
}

export function createCarry(): Carry {
  let kept: Buffer = NOTHING;
  return {
    join: (chunk) => (kept.length === 0 ? chunk : Buffer.concat([kept, chunk])),
    keep(bytes, from) {
      kept = from < bytes.length ? Buffer.from(bytes.subarray(from)) : NOTHING;
    },
  };
}

const NOTHING: Buffer = Buffer.alloc(0);
