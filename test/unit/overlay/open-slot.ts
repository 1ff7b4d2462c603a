import { join } from 'node:path';
import { leaseSlot } from '../../../src/overlay/lease.ts';
import type { Slot } from '../../../src/overlay/slot.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

/** A leased, still empty slot in a HOME of its own. */
export function openSlot(): { paths: Paths; slot: Slot; ours: Locate; theirs: Locate } {
  const paths = makeScratchHome();
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  return {
    paths,
    slot,
    ours: (entry) => join(slot.home, entry),
    theirs: (entry) => join(slot.sharedHome, entry),
  };
}

/** The path of an entry in the slot, or in the shared home. */
export type Locate = (entry: string) => string;
