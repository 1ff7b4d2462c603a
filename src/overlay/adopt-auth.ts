import { join } from 'node:path';
import { keepLogin } from '../accounts/keep-login.ts';
import { listLeftovers, restoreLeftover } from '../accounts/leftovers.ts';
import { absorbLogin, type KnownVault, type Placement } from '../accounts/place-login.ts';
import type { Slot } from './slot.ts';

export type AuthAdoption =
  | Exclude<Placement, { kind: 'unplaced' }>
  /** Kept for the user in a file of its own. */
  | { kind: 'orphaned'; file: string; reason: string };

/**
 * A real auth.json in the slot was written by Codex past our link (a login, a logout and login): it goes to the vault
 * of its identity, never to the vault the slot happened to point at; else it is kept among the orphans.
 */
export function adoptAuth(
  slot: Pick<Slot, 'home' | 'number'>,
  vaults: readonly KnownVault[],
  orphansDir: string,
  now: Date,
): AuthAdoption | undefined {
  const path = join(slot.home, 'auth.json');
  const label = `slot-${slot.number}`;
  for (const aside of listLeftovers(slot.home)) {
    restoreLeftover(aside, path, { vaults, orphansDir, label, now });
  }
  const placement = absorbLogin(path, vaults, {
    keep: (loser, vault) => keepLogin(orphansDir, vault, loser, now),
    orphan: (text) => keepLogin(orphansDir, label, text, now),
  });
  if (placement?.kind !== 'unplaced') return placement;
  const { orphan: file, reason } = placement;
  return file === undefined ? undefined : { kind: 'orphaned', file, reason };
}
