import { type Item, isEncrypted } from './portable-item.ts';

/** The messages of a thread. They replace a summary that only one account can read. */
export interface ReadableHistory {
  /** Takes the items of the thread, in order. */
  note(item: Item): void;
  /** Returns a compacted history with the messages instead of its encrypted items. */
  restore(history: readonly Item[]): Item[];
}

/**
 * A compacted history has the user's prompts, and one item that only the service can read for one account (fact 62).
 * The messages of the model are only in the lines before the compaction.
 * @param maxBytes of messages that are kept, the newest first: a whole thread may not fit a model's context.
 */
export function createReadableHistory(maxBytes = MAX_BYTES): ReadableHistory {
  const said: { item: Item; key: string; bytes: number }[] = [];
  let bytes = 0;

  return {
    note(item) {
      if (item.type !== 'message' || !(item.role === 'assistant' || item.role === 'user')) return;
      const size = Buffer.byteLength(JSON.stringify(item));
      if (size > maxBytes) return;
      said.push({ item, key: identify(item), bytes: size });
      bytes += size;
      while (bytes > maxBytes) bytes -= said.shift()?.bytes ?? 0;
    },
    restore(history) {
      const readable = history.filter((item) => !isEncrypted(item));
      if (!history.some((item) => isEncrypted(item) && item.type !== 'reasoning')) return readable;
      const kept = new Set(readable.map(identify));
      // Some user messages are context that Codex has added. The history has the ones that are still valid.
      const restored = said.filter(({ item, key }) => item.role === 'assistant' || kept.has(key));
      const keys = new Set(restored.map(({ key }) => key));
      return [
        ...readable.filter((item) => !keys.has(identify(item))),
        ...restored.map(({ item }) => item),
      ];
    },
  };
}

/** Some 60,000 tokens. */
const MAX_BYTES = 256 * 1024;

function identify({ id, role, content }: Item): string {
  return typeof id === 'string' ? id : JSON.stringify([role, content]);
}
