import { lstatSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { findRunningLogin } from '../codex/running-login.ts';
import { ensureDir, removeQuietly, replaceFile, temporaryName } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { keepLogin } from './keep-login.ts';
import { readLinked, writeLinked } from './linked.ts';
import { isSameIdentity, readLogin } from './login.ts';
import { type KnownVault, placeLogin } from './place-login.ts';

export type Priming =
  | { kind: 'linked' }
  | { kind: 'already' }
  /** A login that belongs to no target; it is left as it is, and `import` adopts it. */
  | { kind: 'foreign-login'; file: string }
  /** Somebody logged plain codex out, or is about to log in: a link put there now would lead that login into a vault. */
  | { kind: 'logged-out' }
  /** The same for certain: a `codex login` waits for its code. */
  | { kind: 'login-runs'; pid: number };

type Places = Pick<
  Paths,
  'sharedHome' | 'home' | 'stateDir' | 'orphansDir' | 'linkedFile' | 'recordsLock'
>;

/**
 * Makes the shared home's own auth.json a link to a vault, so that the IDE, the daemon and plain codex use the same
 * token chain (design 3). A regular file there is somebody's login: of a known target it goes to that vault if newer,
 * of anybody else it is left alone and reported.
 * @param vaults every configured vault.
 * @param options.asked a person asks for it, so that a link which Codex has removed may come back.
 */
export function primeSharedAuth(
  paths: Places,
  authFile: string,
  vaults: readonly KnownVault[] = [],
  { asked = false }: { asked?: boolean } = {},
): Priming {
  const file = join(paths.sharedHome, 'auth.json');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) {
    const target = linkTarget(file);
    if (target === authFile) {
      writeLinked(paths, authFile);
      return { kind: 'already' };
    }
    if (!isOurs(target, paths, vaults)) return { kind: 'foreign-login', file };
    // An IDE has logged in as somebody else through the link: it stays that somebody's until it is moved.
    if (!asked && holdsStranger(target, vaults)) return { kind: 'foreign-login', file };
  } else if (stats !== undefined) {
    const keep = (loser: string, vault: string) =>
      void keepLogin(paths.orphansDir, vault, loser, new Date());
    const placed = stats.isFile() && placeLogin(readFileSync(file, 'utf8'), vaults, keep);
    if (!placed || placed.kind === 'unplaced') return { kind: 'foreign-login', file };
  } else {
    if (!asked && readLinked(paths) !== undefined) return { kind: 'logged-out' };
    const pid = findRunningLogin(paths.sharedHome);
    if (pid !== undefined) return { kind: 'login-runs', pid };
  }
  linkSharedAuth(paths, authFile);
  return { kind: 'linked' };
}

/** Undoes {@link primeSharedAuth}: the link becomes a file of its own (0600). Anything else there is left alone. */
export function unprimeSharedAuth(
  paths: Places,
  vaults: readonly KnownVault[] = [],
): 'unlinked' | 'nothing' {
  const file = join(paths.sharedHome, 'auth.json');
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return 'nothing';
  const target = linkTarget(file);
  if (!isOurs(target, paths, vaults)) return 'nothing';
  if (exists(target)) replaceFile(file, readFileSync(target));
  else removeQuietly(file);
  writeLinked(paths, undefined);
  return 'unlinked';
}

/** Puts the link there, atomically, over whatever is there, and on record. */
export function linkSharedAuth(paths: Places, authFile: string): void {
  ensureDir(paths.sharedHome);
  linkAuth(join(paths.sharedHome, 'auth.json'), authFile);
  writeLinked(paths, authFile);
}

/** Where a link leads to. */
export function linkTarget(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}

function holdsStranger(authFile: string, vaults: readonly KnownVault[]): boolean {
  const owner = vaults.find((vault) => vault.authFile === authFile)?.identity;
  if (owner === undefined || !exists(authFile)) return false;
  const read = readLogin(readFileSync(authFile, 'utf8'));
  return read.kind === 'login' && !isSameIdentity(read.login.identity, owner);
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

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
