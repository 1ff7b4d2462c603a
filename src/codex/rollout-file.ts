import { type FileHandle, open } from 'node:fs/promises';
import { READ_AT_ONCE } from '../regular-file.ts';
import { HEAD_CHARACTERS, mayMatter, parseRolloutLine, type RolloutFact } from './rollout.ts';

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
    const lines = createLineReader((line) => {
      const fact = parseRolloutLine(line);
      if (fact !== undefined) facts.push(fact);
    });
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

/** Splits bytes into lines, keeping only those whose head may matter. */
function createLineReader(onLine: (line: string) => void): {
  feed(chunk: Buffer): void;
  pendingBytes(): number;
} {
  let parts: Buffer[] = [];
  let keptBytes = 0;
  let lineBytes = 0;
  let skipping = false;

  function append(part: Buffer): void {
    lineBytes += part.length;
    if (skipping || part.length === 0) return;
    parts.push(Buffer.from(part));
    keptBytes += part.length;
    // One character is at most four bytes, so this many bytes hold the head in any case.
    if (keptBytes >= HEAD_CHARACTERS * 4 && !mayMatter(Buffer.concat(parts).toString('utf8'))) {
      skipping = true;
      parts = [];
    }
  }

  return {
    feed(chunk) {
      let from = 0;
      for (;;) {
        const end = chunk.indexOf(NEWLINE, from);
        if (end === -1) break;
        append(chunk.subarray(from, end));
        if (!skipping) onLine(Buffer.concat(parts).toString('utf8'));
        parts = [];
        keptBytes = 0;
        lineBytes = 0;
        skipping = false;
        from = end + 1;
      }
      append(chunk.subarray(from));
    },
    pendingBytes: () => lineBytes,
  };
}
