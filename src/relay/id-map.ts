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

  function forgetOldest(): void {
    const [oldest] = known.keys();
    if (known.size <= MOST || oldest === undefined) return;
    const name = known.get(oldest);
    known.delete(oldest);
    if (name !== undefined && current.get(name) === oldest) current.delete(name);
  }

  return {
    link(now, first) {
      const asKnown = known.get(first) ?? first;
      current.delete(asKnown);
      known.delete(now);
      if (asKnown === now) return;
      known.set(now, asKnown);
      current.set(asKnown, now);
      forgetOldest();
    },
    toKnown: (id) => known.get(id) ?? id,
    toCurrent: (id) => current.get(id) ?? id,
    lineToClient: (line) => replaceIds(line, known),
    lineToServer: (line) => replaceIds(line, current),
  };
}

/** A session of days has a few handoffs an hour. Older turns are history. */
const MOST = 5000;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** One pass over the line, however many ids there are. */
function replaceIds(line: Buffer, names: ReadonlyMap<string, string>): Buffer {
  if (names.size === 0) return line;
  let isOther = false;
  const text = line.toString('latin1').replace(UUID, (id) => {
    const name = names.get(id);
    isOther ||= name !== undefined;
    return name ?? id;
  });
  return isOther ? Buffer.from(text, 'latin1') : line;
}
