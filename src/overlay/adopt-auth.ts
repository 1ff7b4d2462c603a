import { join } from 'node:path';
import { listLeftovers, restoreLeftover } from '../accounts/leftovers.ts';
import { absorbLogin, type KnownVault, type Placement } from '../accounts/place-login.ts';
import type { Slot } from './slot.ts';

export type AuthAdoption =
  | Exclude<Placement, { kind: 'unplaced' }>
  /** It is kept for the user as a file of its own. */
  | { kind: 'orphaned'; file: string; reason: string };

/**
 * Codex writes a real auth.json in the slot at a login, after it has removed our link. The login goes to the vault of its
 * account, which may be another one than the slot's link led to. A login of no target is kept among the orphans.
 */
export function adoptAuth(
  slot: Pick<Slot, 'home' | 'number'>,
  vaults: readonly KnownVault[],
  orphansDir: string,
  now: Date,
): AuthAdoption | undefined {
  const path = join(slot.home, 'auth.json');
  const refuge = { vaults, orphansDir, label: `slot-${slot.number}`, now };
  for (const aside of listLeftovers(slot.home)) restoreLeftover(aside, path, refuge);
  const placement = absorbLogin(path, refuge);
  if (placement?.kind !== 'unplaced') return placement;
  const { orphan: file, reason } = placement;
  return file === undefined ? undefined : { kind: 'orphaned', file, reason };
}
