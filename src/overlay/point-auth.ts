import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { linkLogin } from '../accounts/credential/link.ts';
import { isLink } from '../accounts/credential/swap-link.ts';
import { listLeftovers } from '../accounts/leftovers.ts';
import type { Slot } from './slot.ts';

/**
 * Makes the account of `authFile` the one that Codex finds in the slot. Codex writes refreshed tokens through the link
 * (fact 11).
 * @throws HotswapError `bad-state` when a real file is there: a login that is to be adopted first. `bad-vault` when the
 * slot is the vault itself, or the vault holds no login.
 */
export function pointAuth(slot: Pick<Slot, 'home'>, authFile: string): void {
  linkLogin(join(slot.home, 'auth.json'), authFile);
}

/**
 * Whether the slot's link to a login is still there. Only Codex takes the link of an overlay in use away, at a logout and
 * before a login (see accounts/last-link.ts). A link that we had put aside when we died counts as there.
 */
export function hasLoginLink({ home }: Pick<Slot, 'home'>): boolean {
  return isLink(join(home, 'auth.json')) || listLeftovers(home).some(isLink);
}

/** Whether Codex has written a login in the place of the link. It is to be adopted before the link can be made again. */
export function hasOwnLogin({ home }: Pick<Slot, 'home'>): boolean {
  return lstatSync(join(home, 'auth.json'), { throwIfNoEntry: false })?.isFile() ?? false;
}
