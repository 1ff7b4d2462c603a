import { renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  cannotWrite,
  ensurePrivateDir,
  errnoOf,
  removeQuietly,
  replaceFile,
  temporaryName,
  writeNewFile,
} from './files.ts';
import { startBeating, stopBeating } from './heartbeat.ts';
import { leaseFile, leaseNumbersIn, makeLease } from './lease-files.ts';
import { FREE_LEASE, type LeaseOptions, leaseText, readOwnership } from './lease-record.ts';
import type { Place } from './machine-place.ts';
import { mendLeases } from './mend-leases.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface Claim {
  /** The number of our lease. The lease with the highest number counts. */
  leaseNumber: number;
  /** The pid of an owner that died without freeing the lease; 0 when the lease does not name it. */
  orphanOf?: number;
}

/**
 * Makes a directory of leases, if there is none. A rename puts the directory in its place with a first, free lease inside:
 * an empty new directory would look like one whose lease is being replaced.
 * @param files more files of the new directory: name and text.
 */
export function ensureLeaseDir(dir: string, files: Record<string, string> = {}): void {
  if (statSync(dir, { throwIfNoEntry: false }) !== undefined) {
    ensurePrivateDir(dir);
    return;
  }
  const temporary = join(dirname(dir), temporaryName('side'));
  ensurePrivateDir(temporary);
  try {
    writeNewFile(leaseFile(temporary, 0), FREE_LEASE, { sync: false });
    for (const [name, text] of Object.entries(files)) {
      writeNewFile(join(temporary, name), text, { sync: false });
    }
    renameSync(temporary, dir);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cannotWrite(dir, error);
  }
}

/**
 * Takes the lease, if it is free or its owner is dead. Node has no flock(2), so link(2) decides: it fails when
 * `lease.<g+1>` exists. The owner of the highest lease deletes the lower ones, oldest first. So a process that has made
 * `lease.<g+1>` and still sees `lease.<g>` knows that no `lease.<g+1>` existed before. Two processes that saw the same free
 * lease cannot both take it, even when one of them slept in between.
 *
 * The lease is touched each minute, for other machines (see liveness.ts).
 */
export function claimLease(
  dir: string,
  owner: ProcessIdentity,
  options: LeaseOptions = {},
): Claim | undefined {
  const lease = highestLease(dir) ?? (mendLeases(dir) ? highestLease(dir) : undefined);
  if (lease === undefined) return undefined;
  const ownership = readOwnership(lease.file, options);
  if (ownership.kind === 'owned') return undefined;
  if (!takeNext(dir, lease.leaseNumber, leaseText([owner], options.here))) return undefined;
  const leaseNumber = lease.leaseNumber + 1;
  startBeating(leaseFile(dir, leaseNumber));
  return ownership.kind === 'orphaned' ? { leaseNumber, orphanOf: ownership.pid } : { leaseNumber };
}

/**
 * False when another process has taken the lease: another machine takes the lease of a process that was suspended for long.
 * The slot or lock behind the lease is then no longer ours.
 */
export function holdsLease(dir: string, leaseNumber: number): boolean {
  return leaseNumbersIn(dir).at(-1) === leaseNumber;
}

/** The lease holds while one of the users lives. @param place their machine; ours, except in tests. */
export function setUsers(
  dir: string,
  leaseNumber: number,
  users: readonly ProcessIdentity[],
  place?: Place,
): void {
  rewrite(dir, leaseNumber, leaseText(users, place));
}

export function freeLease(dir: string, leaseNumber: number): void {
  stopBeating(leaseFile(dir, leaseNumber));
  rewrite(dir, leaseNumber, FREE_LEASE);
}

function rewrite(dir: string, leaseNumber: number, text: string): void {
  if (!holdsLease(dir, leaseNumber)) return;
  // Another process may take the lease before this rename. Our file then stays below the newer one, where it counts for
  // nothing. It must stay: the process that made the newer one gives that up when ours is missing.
  replaceFile(leaseFile(dir, leaseNumber), text, { sync: false });
}

/** The lease that counts; undefined when all lease files were removed from the directory. */
export function highestLease(dir: string): { file: string; leaseNumber: number } | undefined {
  const leaseNumber = leaseNumbersIn(dir).at(-1);
  return leaseNumber === undefined ? undefined : { file: leaseFile(dir, leaseNumber), leaseNumber };
}

/** Makes `lease.<g+1>`; true when the lease is ours. */
function takeNext(dir: string, leaseNumber: number, text: string): boolean {
  if (!makeLease(dir, leaseNumber + 1, text)) return false;
  const numbers = leaseNumbersIn(dir);
  if (!numbers.includes(leaseNumber) || numbers.at(-1) !== leaseNumber + 1) {
    removeQuietly(leaseFile(dir, leaseNumber + 1));
    return false;
  }
  for (const lower of numbers.slice(0, -1)) removeQuietly(leaseFile(dir, lower));
  return true;
}
