/** The answers of a release: names, such as commands, and the items of each name, such as options. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/** The change of one name from one release to another. */
export interface Change {
  name: string;
  /** Items that only the newer release has, sorted. */
  added: string[];
  /** Items that only the older release has, sorted. */
  removed: string[];
  /** Set when only one of the releases has the name. */
  whole?: 'new' | 'gone';
}

/** Compares two releases. Pure. @returns one change for each name that differs, sorted by name. */
export function compareFacts(before: Facts, after: Facts): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const [old, young] = [before.get(name), after.get(name)];
    const added = without(young, old);
    const removed = without(old, young);
    if (old === undefined) return [{ name, added, removed, whole: 'new' as const }];
    if (young === undefined) return [{ name, added, removed, whole: 'gone' as const }];
    return added.length + removed.length === 0 ? [] : [{ name, added, removed }];
  });
}

/**
 * Finds items that were added to or removed from more than `most` names, such as an option of every command. Moves them from
 * those names to one change, which comes first. Pure.
 * @param noun the kind of the names, in the plural: `commands`.
 */
export function gatherCommon(changes: readonly Change[], most: number, noun: string): Change[] {
  const gathered = new Map<number, Change>();
  const isCommon = (side: 'added' | 'removed') => {
    const counts = new Map<string, number>();
    for (const change of changes) {
      for (const item of change.whole === undefined ? change[side] : []) {
        counts.set(item, (counts.get(item) ?? 0) + 1);
      }
    }
    for (const [item, count] of counts) {
      if (count <= most) counts.delete(item);
      else gatheredOf(count)[side].push(item);
    }
    return (item: string) => counts.has(item);
  };
  const gatheredOf = (count: number) => {
    const change = gathered.get(count) ?? { name: `${count} ${noun}`, added: [], removed: [] };
    gathered.set(count, change);
    return change;
  };
  const [isAdded, isRemoved] = [isCommon('added'), isCommon('removed')];
  const rest = changes.flatMap((change) => {
    if (change.whole !== undefined) return [change];
    const added = change.added.filter((item) => !isAdded(item));
    const removed = change.removed.filter((item) => !isRemoved(item));
    return added.length + removed.length === 0 ? [] : [{ ...change, added, removed }];
  });
  return [...gathered.values(), ...rest];
}

function without(items: readonly string[] = [], others: readonly string[] = []): string[] {
  const known = new Set(others);
  return [...new Set(items)].filter((item) => !known.has(item)).sort();
}
