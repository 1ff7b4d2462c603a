import stripAnsi from 'strip-ansi';

/** The end of what a program has printed, without escape sequences. */
export interface RecentText {
  feed(chunk: Buffer): void;
  /** What stood apart on the screen may run together here: cursor moves are gone too. */
  text(): string;
}

/** A screen full of text with its colours and cursor moves. */
const MOST_BYTES = 32 * 1024;

export function createRecentText(): RecentText {
  let chunks: Buffer[] = [];
  let length = 0;

  function join(): Buffer {
    const joined = Buffer.concat(chunks).subarray(-MOST_BYTES);
    chunks = [joined];
    length = joined.length;
    return joined;
  }

  return {
    feed(chunk) {
      chunks.push(Buffer.from(chunk.subarray(-MOST_BYTES)));
      length += chunk.length;
      if (length > 4 * MOST_BYTES || chunks.length > 64) join();
    },
    text: () => stripAnsi(join().toString('utf8')),
  };
}
