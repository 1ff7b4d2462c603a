import { type FileHandle, open } from 'node:fs/promises';
import { READ_AT_ONCE } from '../regular-file.ts';
import {
  HEAD_CHARACTERS,
  mayMatter,
  parseLongLine,
  parseRolloutLine,
  type RolloutFact,
} from './rollout.ts';

export interface RolloutTail {
  facts: RolloutFact[];
  /** Where to read on: the beginning of the first line that was not complete yet. */
  offset: number;
}

/**
 * The facts of a rollout from an offset on. Lines of no interest are skipped without being kept, whatever their size;
 * an incomplete last line is left for the next time. A file that has become shorter is read from its start.
 * Throws what `open` throws.
 */
export async function readRolloutFacts(file: string, fromOffset = 0): Promise<RolloutTail> {
  const handle = await openRollout(file);
  try {
    const { size } = await handle.stat();
    const start = fromOffset > size ? 0 : fromOffset;
    const facts: RolloutFact[] = [];
    const note = (fact: RolloutFact | undefined) => {
      if (fact !== undefined) facts.push(fact);
    };
    const lines = createLineReader(
      (line) => note(parseRolloutLine(line)),
      (head) => note(parseLongLine(head)),
    );
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let position = start;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      lines.feed(chunk.subarray(0, bytesRead));
    }
    return { facts, offset: position - lines.pendingBytes() };
  } finally {
    await handle.close();
  }
}

/** The first line of a rollout: which thread it is, where, and whether a sub-agent's. */
export async function readSessionMeta(
  file: string,
): Promise<Extract<RolloutFact, { type: 'session_meta' }> | undefined> {
  const handle = await openRollout(file);
  try {
    const parts: Buffer[] = [];
    // It carries the whole base instructions, some tens of kilobytes.
    for (let position = 0; position < MOST_META_BYTES; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const part = chunk.subarray(0, bytesRead);
      const end = part.indexOf(NEWLINE);
      parts.push(end === -1 ? part : part.subarray(0, end));
      if (end !== -1) break;
    }
    const fact = parseRolloutLine(Buffer.concat(parts).toString('utf8'));
    return fact?.type === 'session_meta' ? fact : undefined;
  } finally {
    await handle.close();
  }
}

/** A named pipe in its place would keep us waiting, and a directory has no lines. Throws what `open` throws. */
export async function openRollout(file: string): Promise<FileHandle> {
  const handle = await open(file, READ_AT_ONCE);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${file} is no file`);
}

const CHUNK_BYTES = 64 * 1024;
const MOST_META_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Splits bytes into lines, keeping only those whose head may matter. A line is looked at once, at its head, and joined
 * once, at its end: a prompt with images has 40 MB.
 */
function createLineReader(
  onLine: (line: string) => void,
  onLongLine: (head: string) => void,
): {
  feed(chunk: Buffer): void;
  pendingBytes(): number;
} {
  let parts: Buffer[] = [];
  let keptBytes = 0;
  let lineBytes = 0;
  let state: 'unknown' | 'kept' | 'skipped' = 'unknown';
  let longHead: string | undefined;

  function append(part: Buffer): void {
    lineBytes += part.length;
    if (state === 'skipped' || part.length === 0) return;
    parts.push(Buffer.from(keptBytes > MOST_WHOLE_BYTES ? withoutImage(part) : part));
    keptBytes += parts.at(-1)?.length ?? 0;
    if (keptBytes > MOST_LINE_BYTES) {
      longHead = join().toString('utf8', 0, HEAD_BYTES);
      return skip();
    }
    // One character is at most four bytes, so this many bytes hold the head in any case.
    if (state === 'kept' || keptBytes < HEAD_BYTES) return;
    if (mayMatter(join().toString('utf8', 0, HEAD_BYTES))) state = 'kept';
    else skip();
  }

  function skip(): void {
    state = 'skipped';
    parts = [];
  }

  function join(): Buffer {
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  return {
    feed(chunk) {
      let from = 0;
      for (;;) {
        const end = chunk.indexOf(NEWLINE, from);
        if (end === -1) break;
        append(chunk.subarray(from, end));
        if (state !== 'skipped') onLine(join().toString('utf8'));
        else if (longHead !== undefined) onLongLine(longHead);
        longHead = undefined;
        parts = [];
        keptBytes = 0;
        lineBytes = 0;
        state = 'unknown';
        from = end + 1;
      }
      append(chunk.subarray(from));
    },
    pendingBytes: () => lineBytes,
  };
}

/**
 * The inside of a string without quotes and escapes, as an image is, can be left out and the line stays JSON. Its
 * beginning stays: an escape may end there.
 */
function withoutImage(part: Buffer): Buffer {
  return part.includes(QUOTE) || part.includes(BACKSLASH) ? part : part.subarray(0, ESCAPE_BYTES);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** As many bytes as `\u1234` has, and more. */
const ESCAPE_BYTES = 16;
const HEAD_BYTES = HEAD_CHARACTERS * 4;
/** From here on images are left out of a line. */
const MOST_WHOLE_BYTES = 1024 * 1024;
/** A line that is longer without its images is not kept. */
const MOST_LINE_BYTES = 8 * 1024 * 1024;
