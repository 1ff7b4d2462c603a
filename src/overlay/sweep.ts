import { existsSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isOnlyCopy } from '../codex/home-table.ts';
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
import { type Slot, slotPlaces } from './slot.ts';

export interface SlotListing {
  number: number;
  home: string;
  side: string;
  sharedHome: string;
  ownership: Ownership;
}

export interface Sweep {
  slot: Slot;
  adoption: AdoptReport;
  /** Its link to the login was gone (see point-auth.ts). */
  isLoggedOut: boolean;
  /** Hooks whose trust was folded back. */
  hooks: string[];
}

/** All slots, by number. */
export function listSlots(paths: Pick<Paths, 'runtimeDir'>): SlotListing[] {
  const runtimeDir = canonicalRuntimeDir(paths);
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

/** Adopts and frees the slots whose owner died, as the next lease of such a slot may come late. */
export async function sweepSlots(
  paths: Pick<Paths, 'runtimeDir'>,
  owner: ProcessIdentity,
  options: AdoptOptions,
): Promise<Sweep[]> {
  const sweeps: Sweep[] = [];
  for (const { number, ownership } of listSlots(paths)) {
    if (ownership.kind !== 'orphaned') continue;
    const slot = leaseExistingSlot(canonicalRuntimeDir(paths) ?? '', number, owner);
    if (slot === undefined) continue; // another session has leased it
    sweeps.push(await clearOut(slot, options));
    releaseSlot(slot);
  }
  return sweeps;
}

/**
 * Replaces every slot that is not in use by a link to its shared home, so that threads which Codex remembers by a path through
 * the slot can still be opened (fact 32). Its real files are adopted first.
 * @returns what was done, and the slots that were left as they are, with the reason.
 */
export async function purgeSlots(
  paths: Pick<Paths, 'runtimeDir'>,
  owner: ProcessIdentity,
  options: AdoptOptions,
): Promise<{ purged: Sweep[]; kept: { number: number; reason: string }[] }> {
  const purged: Sweep[] = [];
  const kept: { number: number; reason: string }[] = [];
  for (const { number } of listSlots(paths)) {
    const slot = leaseExistingSlot(canonicalRuntimeDir(paths) ?? '', number, owner);
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

/** An entry of which there is no copy elsewhere is not deleted unasked. */
function whyNotDeletable(slot: Slot): string | undefined {
  const { home } = slot;
  unlinkCredentials(slot);
  const only = readdirSync(home, { withFileTypes: true })
    .filter((entry) => isOnlyCopy(entry.name) && !entry.isSymbolicLink())
    .filter((entry) => !entry.isDirectory() || readdirSync(join(home, entry.name)).length > 0)
    .map(({ name }) => name);
  if (only.length === 0) return undefined;
  return `it holds ${only.join(', ')}, which Codex can use there only; to be rid of it, delete ${home}`;
}

async function clearOut(slot: Slot, options: AdoptOptions): Promise<Sweep> {
  const isLoggedOut = !hasLoginLink(slot);
  const adoption = adoptSlot(slot, options);
  return { slot, adoption, isLoggedOut, hooks: await foldHookTrust(slot) };
}

/** Unless a session holds the lock. */
function removeAdoptionLock(paths: Pick<Paths, 'runtimeDir'>): void {
  const runtimeDir = canonicalRuntimeDir(paths);
  if (runtimeDir === undefined) return;
  const dir = adoptionLockOf(slotPlaces(runtimeDir, 0).home);
  if (existsSync(dir) && tryLock(dir) !== undefined) rmSync(dir, { recursive: true, force: true });
}

function canonicalRuntimeDir({ runtimeDir }: Pick<Paths, 'runtimeDir'>): string | undefined {
  try {
    return realpathSync.native(runtimeDir);
  } catch {
    return undefined;
  }
}
