import { join } from 'node:path';
import { sideOf } from '../state/paths.ts';

/** The directories of an overlay: one is the home for Codex, and one has our own files. */
export interface SlotPlace {
  number: number;
  /** `runtime/slot-<n>`: CODEX_HOME. Canonical, because Codex makes it canonical and stores paths through it. */
  home: string;
  /** `runtime/slot-<n>.side`: leases, the record of the shared home, fifos. */
  side: string;
  sharedHome: string;
}

/** A leased overlay. */
export interface Slot extends SlotPlace {
  /** The number of our lease. The lease with the highest number owns the slot. */
  leaseNumber: number;
  /** Set when the former owner has died without a release: adopt before furnishing. */
  reclaimedFrom?: { pid: number };
}

/** The two directories of slot `number`. */
export function slotPlaces(runtimeDir: string, number: number): { home: string; side: string } {
  const home = join(runtimeDir, `slot-${number}`);
  return { home, side: sideOf(home) };
}
