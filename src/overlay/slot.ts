import { join } from 'node:path';
import { sideOf } from '../state/paths.ts';

/** A leased overlay: the directory that Codex sees as its home, and what we keep beside it. */
export interface Slot {
  number: number;
  /** `runtime/slot-<n>`: CODEX_HOME. Canonical, as Codex makes it canonical too and stores paths through it. */
  home: string;
  /** `runtime/slot-<n>.side`: leases, the record of the shared home, fifos. */
  side: string;
  sharedHome: string;
  /** The number of our lease: the lease with the highest number owns the slot. */
  leaseNumber: number;
  /** Set when the former owner died without releasing: adopt before furnishing. */
  reclaimedFrom?: { pid: number };
}

/** The two directories of slot `number`. */
export function slotPlaces(runtimeDir: string, number: number): { home: string; side: string } {
  const home = join(runtimeDir, `slot-${number}`);
  return { home, side: sideOf(home) };
}
