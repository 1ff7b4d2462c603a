import { findRunningLogin } from '../codex/running-login.ts';
import type { Paths } from '../state/paths.ts';
import { readAccountState } from './account-state.ts';
import { isThere, readCredential } from './credential/read.ts';
import { readLinkTarget } from './credential/swap-link.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { listLeftovers, restoreLeftover } from './leftovers.ts';
import { describeIdentity, identityIn } from './login.ts';
import { activeMarks } from './marks.ts';
import { isAccountOf } from './owner.ts';
import { absorbLogin } from './place-login.ts';
import { recordRefusal } from './record-facts.ts';
import { linkSharedAuth, sharedAuth } from './shared-login.ts';
import { listVaults, type TargetSnapshot } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';
import { vaultOfHome } from './vault-home.ts';

/** What other programs have changed in the shared home. */
export interface Notice {
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked. The service must be asked before a target is marked as logged out. */
  suspects: string[];
}

/**
 * Notices that the link in the shared home is gone. `codex logout` removes it and revokes the account, and `codex login` does
 * so before it begins. Tools that revoke nothing (a dotfile manager, a switcher) remove it as well. The vault keeps its file,
 * so the link is put back, and the service must be asked. A new login replaces the link by a file (see last-link.ts): the
 * login of a target goes to its vault, and the login of an unknown account stays there.
 * @param options.isLaunch a session is about to use an account, so no second copy of its login may exist.
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
    // After `uninstall` the file is a copy for plain codex. It stays until the next launch.
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
      lines: [`the real Codex has logged in to ${name} again; ${name} has the new login now`],
      suspects: [],
    };
  }
  // From a vault without a login a person has moved the file away: no login could be revoked.
  const suspects = left?.vault.kind === 'ready' ? [name] : [];
  if (!isThere(file) && left?.vault.kind === 'ready') {
    // A `codex login` that runs has removed the link. At its end it would write through a new link.
    if (findRunningLogin(paths.sharedHome) !== undefined) return { lines: [], suspects };
    linkSharedAuth(paths, lastLink);
    return {
      lines: [
        `another program has removed the link ${file}; ${name} still has its login, so the link was put back; the service is asked whether the login still works`,
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
        ? `the real Codex is logged in as ${who}, which is none of your accounts here; to add it: codex-hotswap import --as NAME`
        : `the real Codex is logged in as ${who}; ${owner} has that login now`,
    ],
    suspects,
  };
}

const NOTHING: Notice = { lines: [], suspects: [] };

/**
 * Marks an account as logged out.
 * @param how the reason, for the user.
 * @returns a line for the user; none when the account has the mark already.
 */
export function markLoggedOut(paths: Paths, target: string, how: string, now: Date): string[] {
  const at = Math.floor(now.getTime() / 1000);
  const { state } = readAccountState(paths, target);
  if (activeMarks(state, at).some(({ kind }) => kind === 'needs-login')) return [];
  recordRefusal(paths, target, { kind: 'needs-login', at, until: null, message: how });
  return [`${target}: ${how}; to use it again: codex-hotswap login ${target}`];
}

/**
 * Moves the login of the shared home to the vault of its account, and makes a link in its place.
 * @returns the target; undefined when no target has the account, and when we cannot tell which login is newer.
 */
function moveToVault(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  file: string,
  now: Date,
): string | undefined {
  const vaults = listVaults(targets);
  const refuge = { vaults, orphansDir: paths.orphansDir, now };
  const placed = absorbLogin(file, refuge, ({ authFile }) => authFile);
  if (placed === undefined || placed.kind === 'unplaced') return undefined;
  const vault = vaults.find(({ name }) => name === placed.vault);
  if (vault !== undefined) writeLastLink(paths, vault.authFile);
  return placed.vault;
}

/** Gives an entry that a process had put aside before it died its name back, or moves it to its vault. */
function restoreLeftovers(paths: Paths, targets: readonly TargetSnapshot[], now: Date): void {
  const file = sharedAuth(paths);
  for (const aside of listLeftovers(paths.sharedHome)) {
    const vaults = listVaults(targets);
    const refuge = { vaults, orphansDir: paths.orphansDir, label: 'codex-home', now };
    const placed = restoreLeftover(aside, file, refuge);
    if (placed === undefined || placed.kind === 'unplaced') continue;
    const owner = targets.find(({ target }) => target.name === placed.vault);
    if (owner !== undefined && !isThere(file)) linkSharedAuth(paths, authFileOf(owner.target));
  }
}
