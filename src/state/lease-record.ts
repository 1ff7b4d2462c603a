import { readJson } from './files.ts';
import { describePlace, type Makers, mayLive, readMakers } from './liveness.ts';
import type { Place } from './machine-place.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A session may last for days. */
const OLD_LEASE_MS = 7 * 86_400_000;

export type Ownership =
  | { kind: 'free' }
  | { kind: 'owned' }
  /** The owner died without freeing the lease. The pid is 0 when the lease does not name it. */
  | { kind: 'orphaned'; pid: number };

/** The text of a free lease. */
export const FREE_LEASE = JSON.stringify({ released: true });

/** The text of a lease that holds while one of the users lives. @param place their machine. */
export function leaseText(users: readonly ProcessIdentity[], place?: Place): string {
  return JSON.stringify({ users, at: Date.now(), ...describePlace(place) });
}

export interface LeaseOptions {
  /** Our machine; another one in tests. */
  here?: Place | undefined;
  /** How long a lease of version 0.1.0 on another machine may hold, as that version never touches it. Default: 7 days. */
  oldLeaseMs?: number;
}

/** Reads who owns a lease. @param file the lease with the highest number. */
export function readOwnership(file: string, options: LeaseOptions = {}): Ownership {
  const read = readJson(file);
  // Another process has just replaced it; or it is a lease of root, or the disk fails.
  if (read.kind === 'missing' || read.kind === 'unreadable') return { kind: 'owned' };
  // Only a power cut breaks a lease, because link(2) puts the whole text in place.
  if (read.kind === 'broken') return { kind: 'orphaned', pid: 0 };
  const lease = parseLease(read.value);
  if (lease === undefined) return { kind: 'free' };
  const { makers, at } = lease;
  const { here, oldLeaseMs = OLD_LEASE_MS } = options;
  const isYoung = Date.now() - at < oldLeaseMs;
  return mayLive(makers, file, isYoung, here)
    ? { kind: 'owned' }
    : { kind: 'orphaned', pid: makers.users[0]?.pid ?? 0 };
}

function parseLease(value: unknown): { makers: Makers; at: number } | undefined {
  const lease = value as { users?: unknown; at?: unknown; table?: unknown } | null;
  return Array.isArray(lease?.users) && typeof lease.table === 'string'
    ? { makers: readMakers(lease.users, lease), at: Number(lease.at) || 0 }
    : undefined;
}
