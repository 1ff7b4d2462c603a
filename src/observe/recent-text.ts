import stripAnsi from 'strip-ansi';

/** The end of what a program has printed, without escape sequences. */
export interface RecentText {
  feed(chunk: Buffer): void;
  /** Words that stood apart on the screen may run together here: cursor moves are gone, too. */
  text(): string;
}

/** A screen full of text with its colours and cursor moves. */
const MOST_BYTES = 32 * 1024;

export function createRecentText(): RecentText {
  // Twice as much as is wanted: its second half moves to the front only when it is full.
  const kept = Buffer.allocUnsafeSlow(2 * MOST_BYTES);
  let length = 0;
  return {
    feed(chunk) {
      const end = chunk.subarray(-MOST_BYTES);
      if (length + end.length > kept.length) {
        kept.copyWithin(0, length - MOST_BYTES, length);
        length = MOST_BYTES;
      }
      length += end.copy(kept, length);
    },
    text: () => stripAnsi(kept.toString('utf8', Math.max(0, length - MOST_BYTES), length)),
  };
}
