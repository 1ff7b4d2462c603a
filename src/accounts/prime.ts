import { lstatSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ensureDir, removeQuietly, replaceFile, temporaryName } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { type KnownVault, placeLogin } from './place-login.ts';

export type Priming =
  | { kind: 'linked' }
  | { kind: 'already' }
  /** A login that belongs to no target; it is left as it is, and `import` adopts it. */
  | { kind: 'foreign-login'; file: string };

/**
 * Makes the shared home's own auth.json a link to a vault, so that the IDE, the daemon and plain codex use the same
 * token chain (design 3). A regular file there is somebody's login: of a known target it goes to that vault if newer,
 * of anybody else it is left alone and reported.
 * @param vaults every configured vault.
 */
export function primeSharedAuth(
  paths: Pick<Paths, 'sharedHome' | 'home'>,
  authFile: string,
  vaults: readonly KnownVault[] = [],
): Priming {
  const file = join(paths.sharedHome, 'auth.json');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) {
    const target = linkTarget(file);
    if (target === authFile) return { kind: 'already' };
    if (!isOurs(target, paths, vaults)) return { kind: 'foreign-login', file };
  } else if (stats !== undefined) {
    const placed = stats.isFile() && placeLogin(readFileSync(file, 'utf8'), vaults);
    if (!placed || placed.kind === 'unplaced') return { kind: 'foreign-login', file };
  }
  ensureDir(paths.sharedHome);
  linkAuth(file, authFile);
  return { kind: 'linked' };
}

/** Undoes {@link primeSharedAuth}: the link becomes a file of its own (0600). Anything else there is left alone. */
export function unprimeSharedAuth(
  paths: Pick<Paths, 'sharedHome' | 'home'>,
  vaults: readonly KnownVault[] = [],
): 'unlinked' | 'nothing' {
  const file = join(paths.sharedHome, 'auth.json');
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return 'nothing';
  const target = linkTarget(file);
  if (!isOurs(target, paths, vaults)) return 'nothing';
  if (exists(target)) replaceFile(file, readFileSync(target));
  else removeQuietly(file);
  return 'unlinked';
}

// A link that leads nowhere holds nobody's login, so it may go; one to a file we do not know may not.
function isOurs(
  target: string,
  { home }: Pick<Paths, 'home'>,
  vaults: readonly KnownVault[],
): boolean {
  const isVault = vaults.some(({ authFile }) => authFile === target);
  const isDefaultVault =
    basename(target) === 'auth.json' && dirname(target).startsWith(join(home, '.codex-'));
  return isVault || isDefaultVault || !exists(target);
}

function linkAuth(file: string, authFile: string): void {
  const temporary = join(dirname(file), temporaryName(basename(file)));
  symlinkSync(authFile, temporary);
  try {
    renameSync(temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

function linkTarget(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
