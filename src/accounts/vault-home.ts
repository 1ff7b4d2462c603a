import { type Stats, statSync } from 'node:fs';
import { HotswapError } from '../errors.ts';
import type { Target } from '../state/config.ts';

/**
 * The target whose vault is this Codex home. A link, a bind mount or another spelling may lead there, so device and inode are
 * compared. The auth.json of such a home *is* the only copy of an account's login. Costs one stat for each target.
 * @param codexHome a directory, absolute; it need not exist.
 * @returns undefined for a home of its own, and for one that does not exist.
 */
export function vaultOfHome<T extends Pick<Target, 'vault'>>(
  codexHome: string,
  targets: readonly T[],
): T | undefined {
  const home = statQuietly(codexHome);
  if (home === undefined) return undefined;
  return targets.find(({ vault }) => isSameInode(home, statQuietly(vault)));
}

/** Device and inode of a directory as a key, the same for every path to it; undefined when the path leads nowhere. */
export function inodeKeyOf(path: string): string | undefined {
  const stats = statQuietly(path);
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Whether both paths lead to the same file or directory; false where one leads nowhere. */
export function isSamePlace(a: string, b: string): boolean {
  const stats = statQuietly(a);
  return stats !== undefined && isSameInode(stats, statQuietly(b));
}

/** The line about a home that is a vault. */
export function tellVaultHome(codexHome: string, target: Pick<Target, 'name'>): string {
  return `this Codex home (${codexHome}) is the vault of ${target.name}`;
}

/**
 * For a command that would make one directory both.
 * @throws HotswapError `bad-vault` when the home is the vault of one of the targets: nothing is changed then.
 */
export function refuseVaultHome(codexHome: string, targets: readonly Target[]): void {
  const target = vaultOfHome(codexHome, targets);
  if (target === undefined) return;
  throw new HotswapError(
    'bad-vault',
    `${tellVaultHome(codexHome, target)}, so its login was left as it is`,
    'run the command with a Codex home of its own: unset CODEX_HOME, or make ~/.codex a directory',
  );
}

/** Undefined also where the path cannot be followed. */
export function statQuietly(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a link to itself, a directory that may not be entered
  }
}

function isSameInode(a: Stats, b: Stats | undefined): boolean {
  return b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
