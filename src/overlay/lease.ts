import { realpathSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { leadToHome } from '../accounts/credential/link.ts';
import { isLink } from '../accounts/credential/swap-link.ts';
import { HotswapError } from '../errors.ts';
import { attempt } from '../state/attempt.ts';
import {
  claimLease,
  ensureLeaseDir,
  freeLease,
  holdsLease,
  setUsers,
} from '../state/directory-lease.ts';
import { ensurePrivateDir } from '../state/files.ts';
import type { Place } from '../state/machine-place.ts';
import { type Paths, recordedSharedHome } from '../state/paths.ts';
import type { ProcessIdentity } from '../state/process-identity.ts';
import { unlinkCredentials } from './credentials.ts';
import { type Slot, type SlotPlace, slotPlaces } from './slot.ts';

const MAX_SLOTS = 64;

/**
 * Leases the free slot of this shared home with the lowest number. Needs no lock (see {@link claimLease}).
 * @param here our machine; tests give another one.
 * @throws HotswapError `no-free-slot`, `unsafe-path`, `home-unwritable`.
 */
export function leaseSlot(
  paths: Paths,
  sharedHome: string,
  owner: ProcessIdentity,
  here?: Place,
): Slot {
  ensurePrivateDir(paths.runtimeDir);
  // Codex makes CODEX_HOME canonical, and stores hook trust and thread paths by that path.
  const runtimeDir = realpathSync.native(paths.runtimeDir);
  for (let number = 1; number <= MAX_SLOTS; number++) {
    const place = { number, sharedHome, ...slotPlaces(runtimeDir, number) };
    ensureLeaseDir(place.side, { 'home.json': JSON.stringify({ sharedHome }) });
    const slot = leaseExistingSlot(place, owner, here);
    if (slot !== undefined) return slot;
  }
  throw new HotswapError(
    'no-free-slot',
    `all ${MAX_SLOTS} directories for sessions in ${paths.runtimeDir} are in use`,
    'end a running codex; to find the cause: codex-hotswap doctor',
  );
}

/**
 * Gives a slot back. Its directory stays, as the database of Codex has paths through it (fact 32). A program that the session
 * has started (an editor, tmux) may live on with the slot as its CODEX_HOME. So the slot's auth.json becomes a link to the
 * shared home's auth.json: such a program uses the login of plain Codex, and not the login of the next session.
 */
export function releaseSlot(slot: Slot): void {
  if (!holdsSlot(slot)) return;
  // A real login is not adopted yet, so it stays. When no link can be made (a full disk), the old link does no harm.
  attempt(() => leadToHome(join(slot.home, 'auth.json'), join(slot.sharedHome, 'auth.json')));
  unlinkCredentials(slot);
  freeLease(slot.side, slot.leaseNumber);
}

/** False when another machine has taken over the slot: a session that is suspended for long looks dead there. */
export function holdsSlot({ side, leaseNumber }: Slot): boolean {
  return holdsLease(side, leaseNumber);
}

/**
 * Call it before a change in the slot.
 * @throws HotswapError `in-use` when another machine has taken over the slot.
 */
export function assertHeld(slot: Slot): void {
  if (holdsSlot(slot)) return;
  throw new HotswapError('in-use', tellLost(slot), 'start codex again');
}

/** The line for the user about a slot that another machine has taken over. */
export function tellLost({ number }: Slot): string {
  return `this session was suspended for more than five minutes, and another machine has taken over its directory (number ${number})`;
}

/** Records the processes that use the slot. The slot is leased until the last one has ended. */
export function recordUsers(slot: Slot, users: readonly ProcessIdentity[]): void {
  setUsers(slot.side, slot.leaseNumber, users);
}

/** Leases this slot. @returns undefined when a session has it, and when it is the slot of another shared home. */
export function leaseExistingSlot(
  { number, home, side, sharedHome }: SlotPlace,
  owner: ProcessIdentity,
  here?: Place,
): Slot | undefined {
  if (recordedSharedHome(home) !== sharedHome) return undefined;
  const claim = claimLease(side, owner, here === undefined ? {} : { here });
  if (claim === undefined) return undefined;
  const { leaseNumber, orphanOf } = claim;
  // `uninstall --purge` leaves a link to the shared home in the place of a slot. Furnished, it would link the home to itself.
  if (isLink(home)) unlinkSync(home);
  ensurePrivateDir(home);
  const slot = { number, home, side, sharedHome, leaseNumber };
  return orphanOf === undefined ? slot : { ...slot, reclaimedFrom: { pid: orphanOf } };
}
