import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
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
import { leaseFile, leasesIn } from './lease-files.ts';
import { FREE_LEASE, type LeaseJudge, leaseText, whoOwns } from './lease-record.ts';
import type { Place } from './machine-place.ts';
import { mendLeases } from './mend-leases.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface Claim {
  /** The number of our lease: the highest generation is the owner's. */
  generation: number;
  /** The pid of the former owner, when that died without letting go; 0 when the lease did not tell it. */
  orphanOf?: number;
}

/**
 * Makes the directory of leases of one thing, if there is none. It is born complete (rename of a whole directory), with
 * a first, free lease in it: were it born empty, "no lease yet" could not be told from "all leases just replaced".
 * @param files what else it is born with.
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
 * Takes the lease, if it is free or its owner is dead; Node has no flock, so this needs none.
 *
 * `lease.<g>` is made with link(2), which fails if it exists; the highest generation owns the thing and deletes the lower
 * ones, oldest first. So whoever made `lease.<g+1>` and then still sees the `lease.<g>` it was derived from knows that
 * no `lease.<g+1>` ever existed before: two processes that saw the same free thing cannot both get it, however long
 * one of them slept in between.
 *
 * A lease that is held is touched each minute, for other machines (see liveness.ts).
 * @param judge where we are, for tests; how long leases of version 0.1.0 hold.
 */
export function claimLease(
  dir: string,
  owner: ProcessIdentity,
  judge: LeaseJudge = {},
): Claim | undefined {
  const lease = highestLease(dir) ?? (mendLeases(dir) ? highestLease(dir) : undefined);
  if (lease === undefined) return undefined; // not to be judged: leave it alone
  const ownership = whoOwns(lease.file, judge);
  if (ownership.kind === 'owned') return undefined;
  if (!claim(dir, lease.generation, leaseText([owner], judge.here))) return undefined;
  const generation = lease.generation + 1;
  startBeating(leaseFile(dir, generation));
  return ownership.kind === 'orphaned' ? { generation, orphanOf: ownership.pid } : { generation };
}

/**
 * False once it was taken over: we were thought dead (suspended for long, as another machine sees it), and what it stands
 * for is not ours to use any more.
 */
export function holdsLease(dir: string, generation: number): boolean {
  return leasesIn(dir).at(-1) === generation;
}

/** The lease holds while any of the users lives. @param place where they live; ours, but for tests. */
export function setUsers(
  dir: string,
  generation: number,
  users: readonly ProcessIdentity[],
  place?: Place,
): void {
  rewrite(dir, generation, leaseText(users, place));
}

export function freeLease(dir: string, generation: number): void {
  stopBeating(leaseFile(dir, generation));
  rewrite(dir, generation, FREE_LEASE);
}

function rewrite(dir: string, generation: number, text: string): void {
  if (!holdsLease(dir, generation)) return;
  // Taken over between the look and the rename, ours is back below a newer one. There it counts for nothing, and it stays:
  // a process that has just made that newer one from ours takes it back if it does not find ours.
  replaceFile(leaseFile(dir, generation), text, { sync: false });
}

/** The lease that counts: its file and generation; undefined when somebody took files out of the directory. */
export function highestLease(dir: string): { file: string; generation: number } | undefined {
  const generation = leasesIn(dir).at(-1);
  return generation === undefined ? undefined : { file: leaseFile(dir, generation), generation };
}

/** Makes `lease.<g+1>`; true when it is valid. */
function claim(dir: string, generation: number, text: string): boolean {
  const claimed = leaseFile(dir, generation + 1);
  const temporary = join(dir, temporaryName('lease'));
  try {
    writeNewFile(temporary, text, { sync: false });
    linkSync(temporary, claimed);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    removeQuietly(temporary);
  }
  const generations = leasesIn(dir);
  if (!generations.includes(generation) || generations.at(-1) !== generation + 1) {
    removeQuietly(claimed);
    return false;
  }
  for (const lower of generations.slice(0, -1)) removeQuietly(leaseFile(dir, lower));
  return true;
}
