import { readJson } from './files.ts';
import { describePlace, type Makers, mayLive, readMakers } from './liveness.ts';
import type { Place } from './machine-place.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A session may last for days. */
const OLD_LEASE_MS = 7 * 86_400_000;

export type Ownership =
  | { kind: 'free' }
  | { kind: 'owned' }
  /** The owner died without releasing. Its pid is 0 where the lease does not tell it. */
  | { kind: 'orphaned'; pid: number };

/** The content of a lease that nobody holds. */
export const FREE_LEASE = JSON.stringify({ released: true });

/** The content of a lease: it holds while any of the users lives. @param place where they live. */
export function leaseText(users: readonly ProcessIdentity[], place?: Place): string {
  return JSON.stringify({ users, at: Date.now(), ...describePlace(place) });
}

export interface LeaseJudge {
  /** Where we are; elsewhere for tests. */
  here?: Place;
  /** How long a lease that version 0.1.0 made elsewhere may be held: it is not touched. Default: seven days. */
  oldLeaseMs?: number;
}

/** Whose it is, by the file of its highest lease. */
export function whoOwns(file: string, judge: LeaseJudge = {}): Ownership {
  const read = readJson(file);
  if (read.kind === 'missing') return { kind: 'owned' }; // replaced while we looked: somebody is at work
  if (read.kind === 'unreadable') return { kind: 'owned' }; // a session of root's, say, or a disk that fails
  // Of a power cut: a lease is written whole beside its place, and then named.
  if (read.kind === 'broken') return { kind: 'orphaned', pid: 0 };
  const lease = checkLease(read.value);
  if (lease === undefined) return { kind: 'free' };
  const { makers, at } = lease;
  const { here, oldLeaseMs = OLD_LEASE_MS } = judge;
  const isHeld = mayLive(makers, file, {
    ...(here === undefined ? {} : { place: here }),
    // Its boot does not tell whether its machine is ours.
    oldElsewhere: () => Date.now() - at < oldLeaseMs,
  });
  return isHeld ? { kind: 'owned' } : { kind: 'orphaned', pid: makers.users[0]?.pid ?? 0 };
}

function checkLease(value: unknown): { makers: Makers; at: number } | undefined {
  const lease = value as { users?: unknown; at?: unknown; table?: unknown } | null;
  return Array.isArray(lease?.users) && typeof lease.table === 'string'
    ? { makers: readMakers(lease.users, lease), at: Number(lease.at) || 0 }
    : undefined;
}
