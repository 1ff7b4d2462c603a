import { lstatSync, realpathSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { leadToHome } from '../accounts/credential/link.ts';
import { HotswapError } from '../errors.ts';
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
import { type Slot, slotPlaces } from './slot.ts';

const MAX_SLOTS = 64;

/**
 * Leases the lowest free slot of this shared home. No lock is held at any time (see {@link claimLease}).
 * @param here where we are; elsewhere for tests.
 * @throws HotswapError `no-free-slot`, `unsafe-path`, `home-unwritable`.
 */
export function leaseSlot(
  paths: Paths,
  sharedHome: string,
  owner: ProcessIdentity,
  here?: Place,
): Slot {
  ensurePrivateDir(paths.runtimeDir);
  // Codex makes CODEX_HOME canonical, and keys hook trust and thread paths by that path.
  const runtimeDir = realpathSync.native(paths.runtimeDir);
  for (let number = 1; number <= MAX_SLOTS; number++) {
    const { home, side } = slotPlaces(runtimeDir, number);
    ensureSide(side, sharedHome);
    if (recordedSharedHome(home) !== sharedHome) continue;
    const slot = leaseExistingSlot(runtimeDir, number, owner, here);
    if (slot !== undefined) return slot;
  }
  throw new HotswapError(
    'no-free-slot',
    `all ${MAX_SLOTS} overlays in ${paths.runtimeDir} are in use`,
    'end a running codex, or look into it with: codex-hotswap doctor',
  );
}

/**
 * Gives a slot back. Its directory stays, as the state DB of Codex remembers paths through it (fact 32). A program that the
 * session has started and left behind (an editor, tmux) may still have the slot as CODEX_HOME. So its auth.json becomes a link
 * to that of the shared home: the program works under the login of plain Codex, and not under that of the next session.
 */
export function releaseSlot(slot: Slot): void {
  if (!holdsSlot(slot)) return;
  leadToSharedLogin(slot);
  unlinkCredentials(slot);
  freeLease(slot.side, slot.leaseNumber);
}

/** False when another machine has taken the slot over, to which a session that is suspended for long looks dead. */
export function holdsSlot({ side, leaseNumber }: Slot): boolean {
  return holdsLease(side, leaseNumber);
}

/**
 * Call it before a change in the slot.
 * @throws HotswapError `in-use` when it is not ours any more.
 */
export function assertHeld(slot: Slot): void {
  if (holdsSlot(slot)) return;
  throw new HotswapError('in-use', tellLost(slot), 'start codex anew');
}

/** The line for the user about a slot that was taken over. */
export function tellLost({ number }: Slot): string {
  return `this session was suspended for more than five minutes, and another machine has taken over its overlay ${number}`;
}

/** Records the processes that use the slot. It stays leased as long as one of them lives. */
export function recordUsers(slot: Slot, users: readonly ProcessIdentity[]): void {
  setUsers(slot.side, slot.leaseNumber, users);
}

/**
 * Leases a given slot that exists, if it is free. For sweeping.
 * @param runtimeDir canonical.
 */
export function leaseExistingSlot(
  runtimeDir: string,
  number: number,
  owner: ProcessIdentity,
  here?: Place,
): Slot | undefined {
  const { home, side } = slotPlaces(runtimeDir, number);
  const sharedHome = recordedSharedHome(home);
  if (sharedHome === undefined) return undefined;
  const claim = claimLease(side, owner, here === undefined ? {} : { here });
  if (claim === undefined) return undefined;
  const { leaseNumber, orphanOf } = claim;
  makeHome(home);
  return {
    number,
    home,
    side,
    sharedHome,
    leaseNumber,
    ...(orphanOf === undefined ? {} : { reclaimedFrom: { pid: orphanOf } }),
  };
}

// A login of its own is not adopted yet, so it stays. Where no link can be made (a full disk) the old link does no harm.
function leadToSharedLogin({ home, sharedHome }: Slot): void {
  try {
    leadToHome(join(home, 'auth.json'), join(sharedHome, 'auth.json'));
  } catch {
    // The link still leads to the account that the session had last.
  }
}

// `uninstall --purge` leaves a link to the shared home in the place of a slot. Furnishing it would link the shared home to
// itself.
function makeHome(home: string): void {
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(home);
  ensurePrivateDir(home);
}

function ensureSide(side: string, sharedHome: string): void {
  ensureLeaseDir(side, { 'home.json': JSON.stringify({ sharedHome }) });
}
