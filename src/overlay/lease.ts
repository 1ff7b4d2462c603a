import { lstatSync, realpathSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dropLink } from '../accounts/credential-link.ts';
import { HotswapError } from '../errors.ts';
import { ensurePrivateDir } from '../state/files.ts';
import {
  claimLease,
  ensureLeaseDir,
  freeLease,
  holdsLease,
  setUsers,
} from '../state/generations.ts';
import { type Paths, recordedSharedHome } from '../state/paths.ts';
import type { ProcessIdentity } from '../state/process-identity.ts';
import { unlinkCredentials } from './credentials.ts';
import { type Slot, slotPlaces } from './slot.ts';

const MAX_SLOTS = 64;

/**
 * Leases the lowest free slot of this shared home; no lock is held at any time (see {@link claimLease}).
 *
 * @throws HotswapError `no-free-slot`, `unsafe-path`, `home-unwritable`.
 */
export function leaseSlot(paths: Paths, sharedHome: string, owner: ProcessIdentity): Slot {
  ensurePrivateDir(paths.runtimeDir);
  // Codex makes CODEX_HOME canonical; hook trust and thread paths are keyed by what it sees.
  const runtimeDir = realpathSync.native(paths.runtimeDir);
  for (let number = 1; number <= MAX_SLOTS; number++) {
    const { home, side } = slotPlaces(runtimeDir, number);
    ensureSide(side, sharedHome);
    if (recordedSharedHome(home) !== sharedHome) continue;
    const slot = leaseExistingSlot(runtimeDir, number, owner);
    if (slot !== undefined) return slot;
  }
  throw new HotswapError(
    'no-free-slot',
    `all ${MAX_SLOTS} overlays in ${paths.runtimeDir} are in use`,
    'end a running codex, or look into it with: codex-hotswap doctor',
  );
}

/** Gives a slot back: its directory stays, for the state DB of Codex remembers paths through it (fact M4). */
export function releaseSlot(slot: Slot): void {
  if (!holdsLease(slot.side, slot.generation)) return;
  dropLink(join(slot.home, 'auth.json'));
  unlinkCredentials(slot);
  freeLease(slot.side, slot.generation);
}

/** Notes the processes that use the slot, so that it stays leased while any of them outlives us. */
export function recordUsers(slot: Slot, users: readonly ProcessIdentity[]): void {
  setUsers(slot.side, slot.generation, users);
}

/**
 * Leases one certain slot that exists, if it is free; for sweeping.
 * @param runtimeDir canonical.
 */
export function leaseExistingSlot(
  runtimeDir: string,
  number: number,
  owner: ProcessIdentity,
): Slot | undefined {
  const { home, side } = slotPlaces(runtimeDir, number);
  const sharedHome = recordedSharedHome(home);
  if (sharedHome === undefined) return undefined;
  const claim = claimLease(side, owner);
  if (claim === undefined) return undefined;
  const { generation, orphanOf } = claim;
  makeHome(home);
  return {
    number,
    home,
    side,
    sharedHome,
    generation,
    ...(orphanOf === undefined ? {} : { reclaimedFrom: { pid: orphanOf } }),
  };
}

// `uninstall --purge` leaves a link to the shared home in the place of a slot; furnishing that would link the shared
// home to itself.
function makeHome(home: string): void {
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(home);
  ensurePrivateDir(home);
}

function ensureSide(side: string, sharedHome: string): void {
  ensureLeaseDir(side, { 'home.json': JSON.stringify({ sharedHome }) });
}
