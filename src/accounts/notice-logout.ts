import { lstatSync } from 'node:fs';
import { findRunningLogin } from '../codex/running-login.ts';
import type { Paths } from '../state/paths.ts';
import { addMark, readAccountState } from './account-state.ts';
import { readCredential } from './credential/read.ts';
import { readLinkTarget } from './credential/swap-link.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { listLeftovers, restoreLeftover } from './leftovers.ts';
import { describeIdentity, identityIn } from './login.ts';
import { activeMarks } from './marks.ts';
import { isAccountOf } from './owner.ts';
import { absorbLogin } from './place-login.ts';
import { linkSharedAuth, sharedAuth } from './shared-login.ts';
import { listVaults, type TargetSnapshot } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';
import { vaultOfHome } from './vault-home.ts';

/** What was found in the shared home. */
export interface Notice {
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked. The service is to be asked before they are called logged out. */
  suspects: string[];
}

/**
 * Notices that the link in the shared home is gone. A logout of plain Codex removes it and revokes the account, and so does
 * its login before it begins. Tools that revoke nothing (a dotfile manager, a switcher) remove it as well. The vault is
 * intact in every case, so the link is put back and the service has to be asked. A new login in its place is a file of its
 * own (see last-link.ts): that of a target goes to its vault, that of an unknown account stays where it is.
 * @param options.isLaunch one of the accounts is about to be used, so no second copy of its login may be left.
 * @throws the file errors.
 */
export function noticeLogout(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  now: Date,
  { isLaunch = false }: { isLaunch?: boolean } = {},
): Notice {
  const file = sharedAuth(paths);
  restoreLeftovers(paths, targets, now);
  const leadsTo = readLinkTarget(file);
  if (leadsTo !== undefined) {
    const isOurs = targets.some(({ target }) => authFileOf(target) === leadsTo);
    if (isOurs) writeLastLink(paths, leadsTo);
    return NOTHING;
  }
  const configured = targets.map(({ target }) => target);
  if (vaultOfHome(paths.sharedHome, configured) !== undefined) return NOTHING;
  const lastLink = readLastLink(paths);
  const newcomer = identityIn(readCredential(file)?.text ?? '');
  if (typeof lastLink !== 'string') {
    // After `uninstall` it is a copy, which plain codex keeps until we are used again.
    if (newcomer !== undefined && (lastLink === null || isLaunch)) {
      moveToVault(paths, targets, file, now);
    }
    return NOTHING;
  }
  const left = targets.find(({ target }) => authFileOf(target) === lastLink);
  const name = left?.target.name ?? '';
  if (left !== undefined && newcomer !== undefined && isAccountOf(left, newcomer)) {
    moveToVault(paths, targets, file, now);
    return {
      lines: [`${name} was logged in to anew by plain codex; its vault has that login now`],
      suspects: [],
    };
  }
  // A vault without a login had nothing that could be revoked: a person has moved it away.
  const suspects = left?.vault.kind === 'ready' ? [name] : [];
  const isGone = lstatSync(file, { throwIfNoEntry: false }) === undefined;
  if (isGone && left?.vault.kind === 'ready') {
    // A login that runs has removed the link, and writes through any link that is there when it ends.
    if (findRunningLogin(paths.sharedHome) !== undefined) return { lines: [], suspects };
    linkSharedAuth(paths, lastLink);
    return {
      lines: [
        `the link ${file} was removed; the login of ${name} is still here, so the link was put back, and the service is asked whether that login still works`,
      ],
      suspects,
    };
  }
  writeLastLink(paths, null);
  if (newcomer === undefined) return { lines: [], suspects };
  const who = describeIdentity(newcomer);
  const owner = moveToVault(paths, targets, file, now);
  if (left?.vault.kind === 'empty') return NOTHING;
  return {
    lines: [
      owner === undefined
        ? `plain codex is logged in as ${who}, which is no target's account; to make it one: codex-hotswap import --as NAME`
        : `plain codex is logged in as ${who}; ${owner} has that login now`,
    ],
    suspects,
  };
}

const NOTHING: Notice = { lines: [], suspects: [] };

/**
 * Puts on record that an account was logged out, unless it is on record already.
 * @param how in words, for the user.
 * @returns a line for the user if it was news.
 */
export function markLoggedOut(paths: Paths, target: string, how: string, now: Date): string[] {
  const at = Math.floor(now.getTime() / 1000);
  const { state } = readAccountState(paths, target);
  if (activeMarks(state, at).some(({ kind }) => kind === 'needs-login')) return [];
  addMark(paths, target, { kind: 'needs-login', at, until: null, message: how });
  return [`${target}: ${how}; to use it again: codex-hotswap login ${target}`];
}

/**
 * Moves the login of the shared home to the vault of its account, with a link in its place.
 * @returns the target; undefined when it is no target's, or when it cannot be told which login is newer.
 */
function moveToVault(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  file: string,
  now: Date,
): string | undefined {
  let authFile: string | undefined;
  const refuge = { vaults: listVaults(targets), orphansDir: paths.orphansDir, now };
  const placed = absorbLogin(file, refuge, (vault) => {
    authFile = vault.authFile;
    return authFile;
  });
  if (placed === undefined || placed.kind === 'unplaced' || authFile === undefined)
    return undefined;
  writeLastLink(paths, authFile);
  return placed.vault;
}

/** What a process had put aside when it died gets its name back, or goes to its vault. */
function restoreLeftovers(paths: Paths, targets: readonly TargetSnapshot[], now: Date): void {
  const file = sharedAuth(paths);
  for (const aside of listLeftovers(paths.sharedHome)) {
    const vaults = listVaults(targets);
    const refuge = { vaults, orphansDir: paths.orphansDir, label: 'codex-home', now };
    const placed = restoreLeftover(aside, file, refuge);
    if (placed === undefined || placed.kind === 'unplaced') continue;
    const owner = targets.find(({ target }) => target.name === placed.vault);
    const isFree = lstatSync(file, { throwIfNoEntry: false }) === undefined;
    if (owner !== undefined && isFree) linkSharedAuth(paths, authFileOf(owner.target));
  }
}
