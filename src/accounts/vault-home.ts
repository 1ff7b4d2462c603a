import { HotswapError } from '../errors.ts';
import { statQuietly } from '../regular-file.ts';
import type { Target } from '../state/config.ts';
import { isSameInode } from './credential/read.ts';

/**
 * Finds the target whose vault is this Codex home. Compares device and inode, because a link, a bind mount or another
 * spelling may lead there. The auth.json of such a home *is* the only copy of a login. Costs one stat for each target.
 * @param codexHome an absolute directory, which may be missing.
 * @returns undefined when the home is no vault, or is missing.
 */
export function vaultOfHome<T extends Pick<Target, 'vault'>>(
  codexHome: string,
  targets: readonly T[],
): T | undefined {
  const home = statQuietly(codexHome);
  if (home === undefined) return undefined;
  return targets.find(({ vault }) => isSameInode(home, statQuietly(vault)));
}

/** Device and inode of a directory as a key. All paths to it have the same key. Undefined when the directory is missing. */
export function inodeKeyOf(path: string): string | undefined {
  const stats = statQuietly(path);
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Whether both paths lead to the same file or directory. False when one of them is missing. */
export function isSamePlace(a: string, b: string): boolean {
  const stats = statQuietly(a);
  return stats !== undefined && isSameInode(stats, statQuietly(b));
}

/** The line about a home that is a vault. */
export function tellVaultHome(codexHome: string, target: Pick<Target, 'name'>): string {
  return `this Codex home (${codexHome}) is the directory of ${target.name}'s login`;
}

/**
 * For a command that would put the vault's own link into the vault.
 * @throws HotswapError `bad-vault` when the home is the vault of a target.
 */
export function refuseVaultHome(codexHome: string, targets: readonly Target[]): void {
  const target = vaultOfHome(codexHome, targets);
  if (target === undefined) return;
  throw new HotswapError(
    'bad-vault',
    `${tellVaultHome(codexHome, target)}, so its login was not changed`,
    'use a Codex home of its own: unset CODEX_HOME, or make ~/.codex a directory',
  );
}
