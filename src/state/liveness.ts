import { beatsLately } from './heartbeat.ts';
import { comparePlaces, ownPlace, type Place, readPlace } from './machine-place.ts';
import { isAlive, type ProcessIdentity, processTable } from './process-identity.ts';

/** Whose a record is (a lease, a launch, a renaming): what it says about the processes that made it. */
export interface Makers {
  users: readonly ProcessIdentity[];
  /** Missing in records of version 0.1.0, which are not touched either. */
  place?: Place | undefined;
  /** What 0.1.0 wrote instead of a place, and still reads. */
  table: string;
}

export interface Judge {
  /** Where we are; elsewhere for tests. */
  place?: Place;
  /** The answer for a record of 0.1.0 that was made elsewhere. Default: nobody lives. */
  oldElsewhere?(): boolean;
}

/** What a record says about us: what {@link readMakers} reads. */
export function describePlace(place: Place = ownPlace()): { table: string; place: Place } {
  return { table: processTable(), place };
}

/** Reads what {@link describePlace} has written, beside the users; what is no process is left out. */
export function readMakers(
  users: readonly unknown[],
  { table, place }: { table?: unknown; place?: unknown },
): Makers {
  return {
    users: users.filter(isIdentity),
    table: typeof table === 'string' ? table : '',
    place: readPlace(place),
  };
}

/**
 * Whether any of the makers of a record may still live. Their pids decide where we share a process table with them. They
 * are dead if their machine was started anew since. Else the record lives while it is touched (see heartbeat.ts).
 * @param file the record; undefined where it cannot be looked at.
 */
export function mayLive(
  { users, place, table }: Makers,
  file: string | undefined,
  judge: Judge = {},
): boolean {
  const beats = () => file !== undefined && beatsLately(file);
  if (place === undefined) {
    if (table === processTable()) return users.some(isAlive);
    return judge.oldElsewhere?.() ?? false;
  }
  switch (comparePlaces(place, judge.place ?? ownPlace())) {
    case 'here':
      return users.some(isAlive);
    case 'gone':
      return false;
    case 'elsewhere':
      return beats();
    case 'unknown':
      return users.some(isAlive) || beats();
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  const { pid, startTime } = (value ?? {}) as Partial<ProcessIdentity>;
  return typeof pid === 'number' && typeof startTime === 'string';
}
