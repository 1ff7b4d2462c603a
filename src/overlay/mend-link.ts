import { join } from 'node:path';
import { compareLogins } from '../accounts/compare-logins.ts';
import { readCredential } from '../accounts/credential/read.ts';
import type { KnownVault, Refuge } from '../accounts/place-login.ts';
import { tryLock } from '../state/lock.ts';
import { adoptAuth } from './adopt-auth.ts';
import { hasOwnLogin, pointAuth } from './point-auth.ts';
import type { Slot } from './slot.ts';

/**
 * While a session runs: puts the slot's link back when a tool has replaced it by a file with a login of the session's account
 * (`jq . auth.json > t && mv t auth.json`). Codex would refresh the token in that file, and another session the same token in
 * the vault: a refresh token that is spent twice can cost the account (fact 15). A newer login goes to the vault. A login of
 * another account, and a login whose age is not clear, stay until the session ends.
 * @param vault the vault of the session's account.
 * @returns whether the link was put back.
 * @throws what `pointAuth` throws.
 */
export function mendLoginLink(
  slot: Pick<Slot, 'home' | 'number'>,
  vault: KnownVault,
  places: Omit<Refuge, 'label'>,
): boolean {
  if (!hasOwnLogin(slot) || !isComparable(slot, vault) || !isFree(vault)) return false;
  const adopted = adoptAuth(slot, places);
  pointAuth(slot, vault.authFile);
  return adopted !== undefined;
}

function isComparable({ home }: Pick<Slot, 'home'>, { authFile }: KnownVault): boolean {
  const [text, held] = [join(home, 'auth.json'), authFile].map(
    (file) => readCredential(file)?.text,
  );
  return ['same', 'newer', 'older'].includes(compareLogins(text ?? '', held ?? ''));
}

/** No process refreshes the token now. We must not wait for it: the terminal would stand still. */
function isFree({ lock }: KnownVault): boolean {
  if (lock === undefined) return true;
  const held = tryLock(lock);
  held?.release();
  return held !== undefined;
}
