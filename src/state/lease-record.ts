import { readJson } from './files.ts';
import { isAlive, type ProcessIdentity, processTable } from './process-identity.ts';

const FOREIGN_LEASE_DAYS = 7;

export type Ownership =
  | { kind: 'free' }
  | { kind: 'owned' }
  /** The owner died without releasing. */
  | { kind: 'orphaned'; pid: number };

/** The content of a lease that nobody holds. */
export const FREE_LEASE = JSON.stringify({ released: true });

/** The content of a lease: it holds while any of the users lives. */
export function leaseText(users: readonly ProcessIdentity[]): string {
  const lease: Lease = { users, at: Date.now(), table: processTable() };
  return JSON.stringify(lease);
}

/** Whose it is, by the file of its highest lease. */
export function whoOwns(file: string): Ownership {
  const read = readJson(file);
  if (read.kind === 'missing') return { kind: 'owned' }; // replaced while we looked: somebody is at work
  if (read.kind === 'broken') return { kind: 'orphaned', pid: 0 }; // a power cut
  const lease = checkLease(read.value);
  if (lease === undefined) return { kind: 'free' };
  const isHeld = lease.table === processTable() ? lease.users.some(isAlive) : mayBeHeld(lease);
  return isHeld ? { kind: 'owned' } : { kind: 'orphaned', pid: lease.users[0]?.pid ?? 0 };
}

interface Lease {
  users: readonly ProcessIdentity[];
  /** Epoch milliseconds. */
  at: number;
  /** Where the pids are meant. */
  table: string;
}

// Pids of another boot mean nothing; those of another container of this boot we cannot see, so only time can tell.
function mayBeHeld({ table, at }: Lease): boolean {
  const isThisBoot = bootOf(table) === bootOf(processTable());
  return isThisBoot && Date.now() - at < FOREIGN_LEASE_DAYS * 86_400_000;
}

function bootOf(table: string): string {
  return table.split('/')[0] ?? table;
}

function checkLease(value: unknown): Lease | undefined {
  const lease = value as Partial<Lease> | null;
  return Array.isArray(lease?.users) && typeof lease.table === 'string'
    ? { users: lease.users, table: lease.table, at: Number(lease.at) || 0 }
    : undefined;
}
