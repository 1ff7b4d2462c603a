import { beatsLately } from './heartbeat.ts';
import { comparePlaces, ownPlace, type Place, readPlace } from './machine-place.ts';
import { isAlive, type ProcessIdentity, processTable } from './process-identity.ts';

/** The processes that made a record (a lease, a launch, a renaming), and their machine. */
export interface Makers {
  users: readonly ProcessIdentity[];
  /** Missing in records of version 0.1.0, which that version never touches. */
  place?: Place | undefined;
  /** Version 0.1.0 writes and reads this instead of a place. */
  table: string;
}

/** The fields of a record that name our machine, for {@link readMakers}. */
export function describePlace(place: Place = ownPlace()): { table: string; place: Place } {
  return { table: processTable(), place };
}

/** Reads the fields of {@link describePlace} and the users. Entries that are no process are left out. */
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
 * Whether a process that made a record may still live. In our own process table the pids decide. After a restart of their
 * machine all are dead. On another machine they live while the record is touched (see heartbeat.ts).
 * @param file the record; undefined when the caller does not know its path.
 * @param oldElsewhere the answer for a record of version 0.1.0 from another machine.
 * @param here our machine; another one in tests.
 */
export function mayLive(
  { users, place, table }: Makers,
  file: string | undefined,
  oldElsewhere = false,
  here = ownPlace(),
): boolean {
  const beats = () => file !== undefined && beatsLately(file);
  if (place === undefined) return table === processTable() ? users.some(isAlive) : oldElsewhere;
  switch (comparePlaces(place, here)) {
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
