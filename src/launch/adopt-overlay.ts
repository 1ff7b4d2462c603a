import { listVaults, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { type AdoptReport, adoptSlot } from '../overlay/adopt.ts';
import type { Slot } from '../overlay/slot.ts';
import { appendEvent } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';

/** Brings what a session has left in its overlay to where it belongs, and logs that. */
export function adoptOverlay(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  slot: Slot,
  now: Date,
): AdoptReport {
  const vaults = listVaults(targets);
  const report = adoptSlot(slot, { vaults, orphansDir: paths.orphansDir, now });
  const event = { at: now.toISOString(), type: 'adopted', slot: slot.number } as const;
  for (const entry of report.adopted) appendEvent(paths, { ...event, ...entry });
  const { auth } = report;
  if (auth !== undefined) {
    const outcome = auth.kind === 'orphaned' ? auth.reason : `${auth.kind}: ${auth.vault}`;
    appendEvent(paths, { ...event, entry: 'auth.json', outcome });
  }
  return report;
}
