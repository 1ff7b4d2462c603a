import { join } from 'node:path';
import { listLeftovers, restoreLeftover } from '../accounts/leftovers.ts';
import { absorbLogin, type Placement, type Refuge } from '../accounts/place-login.ts';
import type { Slot } from './slot.ts';

export type AuthAdoption =
  | Exclude<Placement, { kind: 'unplaced' }>
  /** The login is kept for the user in this file. */
  | { kind: 'orphaned'; file: string; reason: string };

/**
 * Moves a login that Codex has written into the slot: at a login Codex removes our link and writes a real auth.json. The
 * login goes to the vault of its account, which may not be the account of the session. A login of no target goes to the
 * orphans.
 */
export function adoptAuth(
  slot: Pick<Slot, 'home' | 'number'>,
  places: Omit<Refuge, 'label'>,
): AuthAdoption | undefined {
  const path = join(slot.home, 'auth.json');
  const refuge = { ...places, label: `slot-${slot.number}` };
  for (const aside of listLeftovers(slot.home)) restoreLeftover(aside, path, refuge);
  const placement = absorbLogin(path, refuge);
  if (placement?.kind !== 'unplaced') return placement;
  const { orphan: file, reason } = placement;
  return file === undefined ? undefined : { kind: 'orphaned', file, reason };
}
