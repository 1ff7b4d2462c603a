import {
  linkSync,
  lstatSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HotswapError } from '../errors.ts';
import {
  ensurePrivateDir,
  errnoOf,
  removeQuietly,
  replaceFile,
  temporaryName,
  writeNewFile,
} from '../state/files.ts';
import { type Paths, recordedSharedHome } from '../state/paths.ts';
import type { ProcessIdentity } from '../state/process-identity.ts';
import { unlinkCredentials } from './credentials.ts';
import { FREE_LEASE, leaseText, whoOwns } from './lease-record.ts';
import { type Slot, slotPlaces } from './slot.ts';

const MAX_SLOTS = 64;

/**
 * Leases the lowest free slot of this shared home; no lock is held at any time.
 *
 * `lease.<g>` is made with link(2), which fails if it exists; the highest generation owns the slot and deletes the lower
 * ones, oldest first. So whoever made `lease.<g+1>` and then still sees the `lease.<g>` it was derived from knows that
 * no `lease.<g+1>` ever existed before: two processes that saw the same free slot cannot both get it, however long
 * one of them slept in between.
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
  if (!isStillOurs(slot)) return;
  const auth = join(slot.home, 'auth.json');
  if (lstatSync(auth, { throwIfNoEntry: false })?.isSymbolicLink()) removeQuietly(auth);
  unlinkCredentials(slot);
  replaceFile(leaseFile(slot.side, slot.generation), FREE_LEASE, { sync: false });
}

/** Notes the processes that use the slot, so that it stays leased while any of them outlives us. */
export function recordUsers(slot: Slot, users: readonly ProcessIdentity[]): void {
  if (!isStillOurs(slot)) return;
  replaceFile(leaseFile(slot.side, slot.generation), leaseText(users), { sync: false });
}

// Taken over means that we were thought dead; writing a lease then would break the order of generations.
function isStillOurs(slot: Slot): boolean {
  return highest(leasesIn(slot.side)) === slot.generation;
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
  const lease = highestLease(side);
  if (lease === undefined) return undefined; // not to be judged: leave it alone
  const { generation } = lease;
  const ownership = whoOwns(lease.file);
  if (ownership.kind === 'owned' || !claim(side, generation, owner)) return undefined;
  makeHome(home);
  return {
    number,
    home,
    side,
    sharedHome,
    generation: generation + 1,
    ...(ownership.kind === 'orphaned' ? { reclaimedFrom: { pid: ownership.pid } } : {}),
  };
}

/** Makes `lease.<g+1>`; true when it is valid (see {@link leaseSlot}). */
function claim(side: string, generation: number, owner: ProcessIdentity): boolean {
  const claimed = leaseFile(side, generation + 1);
  const temporary = join(side, temporaryName('lease'));
  try {
    writeNewFile(temporary, leaseText([owner]), { sync: false });
    linkSync(temporary, claimed);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    removeQuietly(temporary);
  }
  const generations = leasesIn(side);
  if (!generations.includes(generation) || highest(generations) !== generation + 1) {
    removeQuietly(claimed);
    return false;
  }
  for (const lower of generations.slice(0, -1)) removeQuietly(leaseFile(side, lower));
  return true;
}

// `uninstall --purge` leaves a link to the shared home in the place of a slot; furnishing that would link the shared
// home to itself.
function makeHome(home: string): void {
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(home);
  ensurePrivateDir(home);
}

// A slot's side directory is born complete (rename of a whole directory), with a first, free lease in it: were it
// born empty, "no lease yet" could not be told from "all leases just replaced".
function ensureSide(side: string, sharedHome: string): void {
  if (statSync(side, { throwIfNoEntry: false }) !== undefined) {
    ensurePrivateDir(side);
    return;
  }
  const temporary = join(dirname(side), temporaryName('side'));
  ensurePrivateDir(temporary);
  writeNewFile(leaseFile(temporary, 0), FREE_LEASE, { sync: false });
  writeNewFile(join(temporary, 'home.json'), JSON.stringify({ sharedHome }), { sync: false });
  try {
    renameSync(temporary, side);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** The lease that counts: its file and generation; undefined when somebody took files out of the side directory. */
export function highestLease(side: string): { file: string; generation: number } | undefined {
  const generation = highest(leasesIn(side));
  return generation === undefined ? undefined : { file: leaseFile(side, generation), generation };
}

function leaseFile(side: string, generation: number): string {
  return join(side, `lease.${generation}`);
}

/** The generations present, oldest first. */
function leasesIn(side: string): number[] {
  return readdirSync(side)
    .map((name) => /^lease\.(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function highest(generations: number[]): number | undefined {
  return generations.at(-1);
}
