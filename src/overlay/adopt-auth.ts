import { lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { keepLogin } from '../accounts/keep-login.ts';
import { type KnownVault, type Placement, placeLogin } from '../accounts/place-login.ts';
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
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const content = readFileSync(path, 'utf8');
  const placement = placeLogin(content, vaults, (loser, vault) =>
    keepLogin(orphansDir, vault, loser, now),
  );
  const adoption: AuthAdoption =
    placement.kind === 'unplaced'
      ? {
          kind: 'orphaned',
          file: keepLogin(orphansDir, `slot-${slot.number}`, content, now),
          reason: placement.reason,
        }
      : placement;
  unlinkSync(path);
  return adoption;
}
