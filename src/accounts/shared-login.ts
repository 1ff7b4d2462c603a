import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findRunningLogin } from '../codex/running-login.ts';
import { HotswapError } from '../errors.ts';
import { ensureDir } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { readCredential } from './credential-file.ts';
import { copyOverLink, dropLink, leadsToFile, linkLogin, linkTarget } from './credential-link.ts';
import { keepLogin } from './keep-login.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { isSameIdentity, readLogin } from './login.ts';
import { absorbLogin, type KnownVault } from './place-login.ts';
import { isSamePlace } from './vault-home.ts';

export type SharedLinkResult =
  | { kind: 'linked' }
  | { kind: 'already' }
  /** A login that belongs to no target; it is left as it is, and `import` adopts it. */
  | { kind: 'foreign-login'; file: string }
  /** The shared home is the vault of this target: one directory cannot be both. */
  | { kind: 'vault-home'; vault: string }
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
export function linkSharedLogin(
  paths: Places,
  authFile: string,
  vaults: readonly KnownVault[] = [],
  { asked = false }: { asked?: boolean } = {},
): SharedLinkResult {
  const file = sharedAuth(paths);
  const home = vaults.find((vault) => isSamePlace(dirname(vault.authFile), paths.sharedHome));
  if (home !== undefined) return { kind: 'vault-home', vault: home.name };
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) {
    const target = linkTarget(file);
    if (target === authFile) {
      writeLastLink(paths, authFile);
      return { kind: 'already' };
    }
    if (!isOurs(target, paths, vaults)) return { kind: 'foreign-login', file };
    // An IDE has logged in as somebody else through the link: it stays that somebody's until it is moved.
    if (!asked && holdsStranger(target, vaults)) return { kind: 'foreign-login', file };
  } else if (stats !== undefined) {
    const placed = absorbLogin(file, vaults, {
      keep: (loser, vault) => keepLogin(paths.orphansDir, vault, loser, new Date()),
      linkTo: () => authFile,
    });
    if (placed === undefined || placed.kind === 'unplaced') return { kind: 'foreign-login', file };
    writeLastLink(paths, authFile);
    return { kind: 'linked' };
  } else {
    if (!asked && readLastLink(paths) !== undefined) return { kind: 'logged-out' };
    const pid = findRunningLogin(paths.sharedHome);
    if (pid !== undefined) return { kind: 'login-runs', pid };
  }
  try {
    linkSharedAuth(paths, authFile);
  } catch (error) {
    // A login that was written there since we looked: plain codex goes on under it.
    if (!(error instanceof HotswapError) || error.code !== 'bad-state') throw error;
    return { kind: 'foreign-login', file };
  }
  return { kind: 'linked' };
}

/** Undoes {@link linkSharedLogin}: the link becomes a file of its own (0600). Anything else there is left alone. */
export function unlinkSharedLogin(
  paths: Places,
  vaults: readonly KnownVault[] = [],
): 'unlinked' | 'nothing' {
  const file = sharedAuth(paths);
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return 'nothing';
  const target = linkTarget(file);
  if (!isOurs(target, paths, vaults)) return 'nothing';
  const held = leadsToFile(target) ? readCredential(realpathSync.native(target)) : undefined;
  if (held === undefined) dropLink(file);
  else copyOverLink(file, held.text);
  writeLastLink(paths, undefined);
  return 'unlinked';
}

/** Puts the link there and on record; a file of its own is not replaced. @throws what linkLogin throws. */
export function linkSharedAuth(paths: Places, authFile: string): void {
  ensureDir(paths.sharedHome);
  linkLogin(sharedAuth(paths), authFile);
  writeLastLink(paths, authFile);
}

/** Lets the link of the shared home follow a login that has moved; one that leads elsewhere is left alone. */
export function followLogin(paths: Places, from: string, to: string): void {
  const link = sharedAuth(paths);
  const isLink = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isLink && linkTarget(link) === from && leadsToFile(to)) linkSharedAuth(paths, to);
}

/** The auth.json of the shared home. */
export function sharedAuth({ sharedHome }: Pick<Paths, 'sharedHome'>): string {
  return join(sharedHome, 'auth.json');
}

function holdsStranger(authFile: string, vaults: readonly KnownVault[]): boolean {
  const owner = vaults.find((vault) => vault.authFile === authFile)?.identity;
  if (owner === undefined) return false;
  const read = readLogin(readCredential(authFile)?.text ?? '');
  return read.kind === 'login' && !isSameIdentity(read.login.identity, owner);
}

// A link that leads nowhere holds nobody's login, so it may go; one to a file we do not know may not.
function isOurs(
  target: string,
  { home }: Pick<Paths, 'home'>,
  vaults: readonly KnownVault[],
): boolean {
  // A dotfile manager has links of its own between the two.
  const isVault = vaults.some(
    ({ authFile }) => authFile === target || isSamePlace(authFile, target),
  );
  const isDefaultVault =
    basename(target) === 'auth.json' && dirname(target).startsWith(join(home, '.codex-'));
  return isVault || isDefaultVault || !leadsToFile(target);
}
