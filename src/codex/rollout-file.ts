import { type FileHandle, open } from 'node:fs/promises';
import { READ_AT_ONCE } from '../regular-file.ts';
import {
  HEAD_CHARACTERS,
  isRelevantHead,
  parseLongLineHead,
  parseRolloutLine,
  type RolloutFact,
} from './rollout.ts';

export interface RolloutTail {
  facts: RolloutFact[];
  /** Where the next read begins: the start of the first incomplete line. */
  offset: number;
}

/**
 * Reads the facts of a rollout from an offset on. An incomplete last line is left for the next read. A file that has
 * become shorter is read from its start. Memory stays small: lines of other types are skipped without being kept.
 * @throws what `openRolloutFile` throws.
 */
export async function readRolloutFacts(file: string, fromOffset = 0): Promise<RolloutTail> {
  const handle = await openRolloutFile(file);
  try {
    const { size } = await handle.stat();
    const start = fromOffset > size ? 0 : fromOffset;
    const facts: RolloutFact[] = [];
    const note = (fact: RolloutFact | undefined) => {
      if (fact !== undefined) facts.push(fact);
    };
    const lines = createLineReader(
      (line) => note(parseRolloutLine(line)),
      (head) => note(parseLongLineHead(head)),
    );
    let position = start;
    for await (const chunk of readChunks(handle, start)) {
      position += chunk.length;
      lines.feed(chunk);
    }
    return { facts, offset: position - lines.pendingBytes() };
  } finally {
    await handle.close();
  }
}

/** The first line of a rollout, which describes the thread. It holds the base instructions: tens of kilobytes. */
export async function readSessionMeta(
  file: string,
): Promise<Extract<RolloutFact, { type: 'session_meta' }> | undefined> {
  const handle = await openRolloutFile(file);
  try {
    const parts: Buffer[] = [];
    for await (const chunk of readChunks(handle, 0)) {
      const end = chunk.indexOf(NEWLINE);
      parts.push(Buffer.from(end === -1 ? chunk : chunk.subarray(0, end)));
      if (end !== -1 || parts.length * CHUNK_BYTES >= MAX_META_BYTES) break;
    }
    const fact = parseRolloutLine(Buffer.concat(parts).toString('utf8'));
    return fact?.type === 'session_meta' ? fact : undefined;
  } finally {
    await handle.close();
  }
}

/**
 * Opens a rollout without waiting for a named pipe in its place.
 * @throws what `open` throws, and an Error for a directory or a pipe.
 */
export async function openRolloutFile(file: string): Promise<FileHandle> {
  const handle = await open(file, READ_AT_ONCE);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${file} is no file`);
}

/** Each chunk is valid only until the next one is read. */
async function* readChunks(handle: FileHandle, start: number): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = start; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

const CHUNK_BYTES = 64 * 1024;
const MAX_META_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Splits bytes into lines and keeps only the lines whose head has a type that we read. A prompt with images has 40 MB,
 * so each line is tested once, when its head is complete, and joined once, at its end.
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
    parts.push(Buffer.from(keptBytes > MAX_WHOLE_BYTES ? dropImage(part) : part));
    keptBytes += parts.at(-1)?.length ?? 0;
    if (keptBytes > MAX_LINE_BYTES) {
      longHead = join().toString('utf8', 0, HEAD_BYTES);
      return skip();
    }
    if (state === 'kept' || keptBytes < HEAD_BYTES) return;
    if (isRelevantHead(join().toString('utf8', 0, HEAD_BYTES))) state = 'kept';
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
 * Drops bytes from the inside of a JSON string, such as an image. The line stays JSON when the bytes have no quote and no
 * backslash. The first bytes stay, because an escape may end in them.
 */
function dropImage(part: Buffer): Buffer {
  return part.includes(QUOTE) || part.includes(BACKSLASH) ? part : part.subarray(0, ESCAPE_BYTES);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** More than the 6 bytes of `\u1234`. */
const ESCAPE_BYTES = 16;
/** A character has at most 4 bytes. */
const HEAD_BYTES = HEAD_CHARACTERS * 4;
/** Images are dropped from the part of a line after these bytes. */
const MAX_WHOLE_BYTES = 1024 * 1024;
/** Of a line that is longer without its images, only the head is read. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
