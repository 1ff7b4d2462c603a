import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { linkLogin } from '../accounts/credential/link.ts';
import { isLink } from '../accounts/credential/swap-link.ts';
import { listLeftovers } from '../accounts/leftovers.ts';
import type { Slot } from './slot.ts';

/**
 * Makes the slot's auth.json a link to the vault's `authFile`. Codex writes refreshed tokens through the link (fact 11).
 * @throws HotswapError `bad-state` when the slot has a real auth.json: adopt that login first. `bad-vault` when the slot is
 * the vault itself, or the vault has no login.
 */
export function pointAuth(slot: Pick<Slot, 'home'>, authFile: string): void {
  linkLogin(join(slot.home, 'auth.json'), authFile);
}

/**
 * Whether the slot still has its link to a login. Only Codex removes the link of an overlay in use: at a logout and before a
 * login (see accounts/last-link.ts). A link that a process of ours had put aside before it died counts, too.
 */
export function hasLoginLink({ home }: Pick<Slot, 'home'>): boolean {
  return isLink(join(home, 'auth.json')) || listLeftovers(home).some(isLink);
}

/** Whether Codex has written a login in the place of the link. Adopt it before you make the link again. */
export function hasOwnLogin({ home }: Pick<Slot, 'home'>): boolean {
  return lstatSync(join(home, 'auth.json'), { throwIfNoEntry: false })?.isFile() ?? false;
}
