import { type Item, isEncrypted } from './portable-item.ts';

/** What user and model have said so far, to stand in for a summary that nobody else can read. */
export interface ReadableHistory {
  /** One item of the thread, in order. */
  note(item: Item): void;
  /** The compacted history with everything said in it, in place of what is encrypted. */
  restore(history: readonly Item[]): Item[];
}

/**
 * A compacted history is the user's prompts and one item that only the service can read, for the account that asked for
 * it (`compaction`, with `encrypted_content`; fact 62). What the model had said is nowhere else but
 * in the lines before it.
 * @param mostBytes how much of that is kept, the newest first; all of a long thread would not fit any model's context.
 */
export function createReadableHistory(mostBytes = MOST_BYTES): ReadableHistory {
  const said: { item: Item; key: string; bytes: number }[] = [];
  let bytes = 0;

  return {
    note(item) {
      if (item.type !== 'message' || !(item.role === 'assistant' || item.role === 'user')) return;
      const size = Buffer.byteLength(JSON.stringify(item));
      if (size > mostBytes) return;
      said.push({ item, key: keyOf(item), bytes: size });
      bytes += size;
      while (bytes > mostBytes) bytes -= said.shift()?.bytes ?? 0;
    },
    restore(history) {
      const readable = history.filter((item) => !isEncrypted(item));
      if (!history.some((item) => isEncrypted(item) && item.type !== 'reasoning')) return readable;
      const kept = new Set(readable.map(keyOf));
      // Codex adds context of its own in the user's name; what of it counts is in the history, with the prompts.
      const again = said.filter(({ item, key }) => item.role === 'assistant' || kept.has(key));
      const keys = new Set(again.map(({ key }) => key));
      return [
        ...readable.filter((item) => !keys.has(keyOf(item))),
        ...again.map(({ item }) => item),
      ];
    },
  };
}

/** Some 60,000 tokens. */
const MOST_BYTES = 256 * 1024;

function keyOf({ id, role, content }: Item): string {
  return typeof id === 'string' ? id : JSON.stringify([role, content]);
}
