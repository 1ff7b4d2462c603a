import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findRunningLogin } from '../codex/running-login.ts';
import { HotswapError } from '../errors.ts';
import { ensureDir } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { copyOverLink, dropLink, leadsToFile, linkLogin } from './credential/link.ts';
import { isThere, readCredential } from './credential/read.ts';
import { readLinkTarget } from './credential/swap-link.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { vaultHoldsForeignLogin } from './owner.ts';
import { absorbLogin, type KnownVault } from './place-login.ts';
import { isSamePlace } from './vault-home.ts';

export type SharedLinkResult =
  | { kind: 'linked' }
  | { kind: 'already' }
  /** The login of an account that is no target. It was not changed; `import` makes a target of it. */
  | { kind: 'foreign-login'; file: string }
  /** The shared home is the vault of this target, so no link can be made. */
  | { kind: 'vault-home'; vault: string }
  /** Plain codex was logged out, or is about to log in. It would write that login through a new link into a vault. */
  | { kind: 'logged-out' }
  /** A `codex login` runs in the shared home and waits for its code or browser. */
  | { kind: 'login-runs'; pid: number };

type SharedHomePaths = Pick<
  Paths,
  'sharedHome' | 'home' | 'stateDir' | 'orphansDir' | 'linkedFile' | 'recordsLock'
>;

/**
 * Makes the shared home's auth.json a link to a vault, so that the IDE, the daemon and plain codex use the same login. When a
 * regular file is there, the login of a target goes to its vault if it is newer. The login of an unknown account stays.
 * @param vaults every configured vault.
 * @param options.asked a person asks for the link, so a link that Codex has removed may be made again.
 */
export function linkSharedLogin(
  paths: SharedHomePaths,
  authFile: string,
  vaults: readonly KnownVault[] = [],
  { asked = false }: { asked?: boolean } = {},
): SharedLinkResult {
  const file = sharedAuth(paths);
  const home = vaults.find((vault) => isSamePlace(dirname(vault.authFile), paths.sharedHome));
  if (home !== undefined) return { kind: 'vault-home', vault: home.name };
  const target = readLinkTarget(file);
  if (target === authFile) {
    writeLastLink(paths, authFile);
    return { kind: 'already' };
  }
  if (target !== undefined) {
    if (!mayReplaceLinkTo(target, paths, vaults)) return { kind: 'foreign-login', file };
    // An IDE has logged in as another account through the link. The IDE needs the link until that login is moved.
    const vault = vaults.find((known) => known.authFile === target);
    if (!asked && vault && vaultHoldsForeignLogin(vault)) return { kind: 'foreign-login', file };
  } else if (isThere(file)) {
    const refuge = { vaults, orphansDir: paths.orphansDir, now: new Date() };
    const placed = absorbLogin(file, refuge, () => authFile);
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
    // Another program has just written a login there: plain codex goes on under that login.
    if (!(error instanceof HotswapError) || error.code !== 'bad-state') throw error;
    return { kind: 'foreign-login', file };
  }
  return { kind: 'linked' };
}

/** Undoes {@link linkSharedLogin}: a copy of the login (0600) replaces the link. All other entries stay. */
export function unlinkSharedLogin(
  paths: SharedHomePaths,
  vaults: readonly KnownVault[] = [],
): 'unlinked' | 'nothing' {
  const file = sharedAuth(paths);
  const target = readLinkTarget(file);
  if (target === undefined || !mayReplaceLinkTo(target, paths, vaults)) return 'nothing';
  const held = leadsToFile(target) ? readCredential(realpathSync.native(target)) : undefined;
  if (held === undefined) dropLink(file);
  else copyOverLink(file, held.text);
  writeLastLink(paths, undefined);
  return 'unlinked';
}

/** Makes the link and records it. Does not replace a file. @throws what linkLogin throws. */
export function linkSharedAuth(paths: SharedHomePaths, authFile: string): void {
  ensureDir(paths.sharedHome);
  linkLogin(sharedAuth(paths), authFile);
  writeLastLink(paths, authFile);
}

/** Changes the link of the shared home after a login has moved. A link to another file stays. */
export function followLogin(paths: SharedHomePaths, from: string, to: string): void {
  if (readLinkTarget(sharedAuth(paths)) === from && leadsToFile(to)) linkSharedAuth(paths, to);
}

/** The auth.json of the shared home. */
export function sharedAuth({ sharedHome }: Pick<Paths, 'sharedHome'>): string {
  return join(sharedHome, 'auth.json');
}

/** A link to a vault may be replaced, and a link to nothing. A link to any other file may not. */
function mayReplaceLinkTo(
  target: string,
  { home }: Pick<Paths, 'home'>,
  vaults: readonly KnownVault[],
): boolean {
  // The links of a dotfile manager may be between the two.
  const isVault = vaults.some(
    ({ authFile }) => authFile === target || isSamePlace(authFile, target),
  );
  const isDefaultVault =
    basename(target) === 'auth.json' && dirname(target).startsWith(join(home, '.codex-'));
  return isVault || isDefaultVault || !leadsToFile(target);
}
