import { listVaults, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { type AdoptReport, adoptSlot } from '../overlay/adopt.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Paths } from '../state/paths.ts';
import { logEvent } from './log-event.ts';

/** Adopts the entries that a session has left in its overlay, and logs them. */
export function adoptOverlay(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  slot: Slot,
  now: Date,
): AdoptReport {
  const vaults = listVaults(targets);
  const report = adoptSlot(slot, { vaults, orphansDir: paths.orphansDir, now });
  const event = { type: 'adopted', slot: slot.number } as const;
  for (const entry of report.adopted) logEvent(paths, { ...event, ...entry });
  const { auth } = report;
  if (auth !== undefined) {
    const outcome = auth.kind === 'orphaned' ? auth.reason : `${auth.kind}: ${auth.vault}`;
    logEvent(paths, { ...event, entry: 'auth.json', outcome });
  }
  return report;
}
