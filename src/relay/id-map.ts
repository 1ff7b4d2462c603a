/** The ids of threads and turns that the client knows, and the ids that the server of now has for them. */
export interface IdMap {
  /** From now on the client sees `known` where the server says `current`. Both name a thread, or both a turn. */
  link(current: string, known: string): void;
  /** The id that the client knows. */
  toKnown(id: string): string;
  /** The id that the server of now has. */
  toCurrent(id: string): string;
  /** The same line with the ids that the client knows. */
  lineToClient(line: Buffer): Buffer;
  /** The same line with the ids that the server of now has. */
  lineToServer(line: Buffer): Buffer;
}

/**
 * Ids of Codex are UUIDs, so an id in a line can be nothing else: it is replaced as bytes, and all other bytes stay as they are.
 * A turn that is continued several times has several ids, and the client knows the first one.
 */
export function createIdMap(): IdMap {
  const known = new Map<string, string>();
  const current = new Map<string, string>();

  return {
    link(now, first) {
      const asKnown = known.get(first) ?? first;
      if (asKnown === now) return;
      known.set(now, asKnown);
      current.set(asKnown, now);
      const [oldest] = known.keys();
      if (known.size > MOST && oldest !== undefined) {
        const name = known.get(oldest);
        known.delete(oldest);
        if (name !== undefined && current.get(name) === oldest) current.delete(name);
      }
    },
    toKnown: (id) => known.get(id) ?? id,
    toCurrent: (id) => current.get(id) ?? id,
    lineToClient: (line) => replaceAll(line, known),
    lineToServer: (line) => replaceAll(line, current),
  };
}

/** A session of days has a few handoffs an hour. Older turns are history. */
const MOST = 200;

function replaceAll(line: Buffer, names: ReadonlyMap<string, string>): Buffer {
  let replaced = line;
  for (const [from, to] of names) {
    if (!replaced.includes(from)) continue;
    replaced = Buffer.from(replaced.toString('latin1').replaceAll(from, to), 'latin1');
  }
  return replaced;
}
