import { existsSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isOnlyCopy } from '../codex/home-table.ts';
import { attempt } from '../state/attempt.ts';
import { highestLease } from '../state/directory-lease.ts';
import { type Ownership, readOwnership } from '../state/lease-record.ts';
import { tryLock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { adoptionLockOf, recordedSharedHome } from '../state/paths.ts';
import type { ProcessIdentity } from '../state/process-identity.ts';
import { type AdoptOptions, type AdoptReport, adoptSlot } from './adopt.ts';
import { unlinkCredentials } from './credentials.ts';
import { foldHookTrust } from './hook-trust.ts';
import { leaseExistingSlot, releaseSlot } from './lease.ts';
import { hasLoginLink } from './point-auth.ts';
import { type Slot, type SlotPlace, slotPlaces } from './slot.ts';

export interface SlotListing extends SlotPlace {
  ownership: Ownership;
}

export interface Sweep {
  slot: Slot;
  adoption: AdoptReport;
  /** The slot's link to the login was gone (see point-auth.ts). */
  isLoggedOut: boolean;
  /** Hooks whose trust was moved to the shared home (see hook-trust.ts). */
  hooks: string[];
}

/** All slots, by number. */
export function listSlots(paths: Pick<Paths, 'runtimeDir'>): SlotListing[] {
  const runtimeDir = attempt(() => realpathSync.native(paths.runtimeDir));
  if (runtimeDir === undefined) return [];
  return readdirSync(runtimeDir)
    .map((name) => Number(/^slot-(\d+)\.side$/.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b)
    .flatMap((number) => {
      const places = slotPlaces(runtimeDir, number);
      const sharedHome = recordedSharedHome(places.home);
      const lease = highestLease(places.side);
      if (sharedHome === undefined || lease === undefined) return [];
      return [{ number, ...places, sharedHome, ownership: readOwnership(lease.file) }];
    });
}

/** Adopts and releases the slots whose owner has died. Otherwise the next session in the slot would do that, maybe late. */
export async function sweepSlots(
  paths: Pick<Paths, 'runtimeDir'>,
  owner: ProcessIdentity,
  options: AdoptOptions,
): Promise<Sweep[]> {
  const sweeps: Sweep[] = [];
  for (const listing of listSlots(paths)) {
    if (listing.ownership.kind !== 'orphaned') continue;
    const slot = leaseExistingSlot(listing, owner);
    if (slot === undefined) continue; // another session has leased it
    sweeps.push(await clearOut(slot, options));
    releaseSlot(slot);
  }
  return sweeps;
}

/**
 * Replaces every slot that is not in use by a link to its shared home. Codex can still open the threads whose paths lead
 * through the slot (fact 32). Real files are adopted first.
 * @returns the replaced slots, and the slots that were kept, with the reason.
 */
export async function purgeSlots(
  paths: Pick<Paths, 'runtimeDir'>,
  owner: ProcessIdentity,
  options: AdoptOptions,
): Promise<{ purged: Sweep[]; kept: { number: number; reason: string }[] }> {
  const purged: Sweep[] = [];
  const kept: { number: number; reason: string }[] = [];
  for (const listing of listSlots(paths)) {
    const { number } = listing;
    const slot = leaseExistingSlot(listing, owner);
    if (slot === undefined) {
      kept.push({ number, reason: 'it is in use' });
      continue;
    }
    const sweep = await clearOut(slot, { ...options, isLast: true });
    const problem = sweep.adoption.problems[0] ?? whyNotDeletable(slot);
    if (problem !== undefined) {
      kept.push({ number, reason: problem });
      releaseSlot(slot);
      continue;
    }
    rmSync(slot.home, { recursive: true });
    symlinkSync(slot.sharedHome, slot.home);
    rmSync(slot.side, { recursive: true });
    purged.push(sweep);
  }
  removeAdoptionLock(paths);
  return { purged, kept };
}

/** The reason to keep a slot: an entry that has no other copy. */
function whyNotDeletable(slot: Slot): string | undefined {
  const { home } = slot;
  unlinkCredentials(slot);
  const only = readdirSync(home, { withFileTypes: true })
    .filter((entry) => isOnlyCopy(entry.name) && !entry.isSymbolicLink())
    .filter((entry) => !entry.isDirectory() || readdirSync(join(home, entry.name)).length > 0)
    .map(({ name }) => name);
  if (only.length === 0) return undefined;
  return `it has ${only.join(', ')}, which works only in its own directory; when you need it no more, delete the directory ${home}`;
}

async function clearOut(slot: Slot, options: AdoptOptions): Promise<Sweep> {
  const isLoggedOut = !hasLoginLink(slot);
  const adoption = adoptSlot(slot, options);
  return { slot, adoption, isLoggedOut, hooks: await foldHookTrust(slot) };
}

/** Removes the lock's directory, unless a session holds the lock. */
function removeAdoptionLock({ runtimeDir }: Pick<Paths, 'runtimeDir'>): void {
  const dir = adoptionLockOf(slotPlaces(runtimeDir, 0).home);
  if (existsSync(dir) && tryLock(dir) !== undefined) rmSync(dir, { recursive: true, force: true });
}
