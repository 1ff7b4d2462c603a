import { lstatSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { linkLogin } from '../accounts/credential-link.ts';
import { listLeftovers } from '../accounts/leftovers.ts';
import { HotswapError } from '../errors.ts';
import { removeQuietly, temporaryName } from '../state/files.ts';
import type { Slot } from './slot.ts';

/**
 * Makes the account of `authFile` the one that Codex finds in the slot. Codex writes refreshed tokens through the link
 * (fact M7).
 * @throws HotswapError `bad-state` when a real file is there: that is a login nobody adopted yet (adopt first);
 * `bad-vault` when the slot is the vault itself, or the vault holds no login.
 */
export function pointAuth(slot: Pick<Slot, 'home'>, authFile: string): void {
  linkLogin(join(slot.home, 'auth.json'), authFile);
}

/**
 * Whether the link is still there: nobody but Codex takes that of an overlay in use away, at a logout and before a login
 * (see accounts/linked.ts). One that we were just replacing when we died counts.
 */
export function showsLogin({ home }: Pick<Slot, 'home'>): boolean {
  return isLink(join(home, 'auth.json')) || listLeftovers(home).some(isLink);
}

/** Whether a login was written past the link, which is to be adopted before the link can be made again. */
export function hasOwnLogin({ home }: Pick<Slot, 'home'>): boolean {
  return lstatSync(join(home, 'auth.json'), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Makes `path` a symlink to `target`, atomically; a real file or directory there is not replaced. */
export function replaceLink(path: string, target: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isSymbolicLink()) {
    throw new HotswapError(
      'bad-state',
      `${path} should be a link but is a ${stats.isDirectory() ? 'directory' : 'file'} of its own`,
      'look into it with: codex-hotswap doctor',
    );
  }
  const temporary = join(path, '..', temporaryName('link'));
  symlinkSync(target, temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
