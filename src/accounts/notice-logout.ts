import { findRunningLogin } from '../codex/running-login.ts';
import type { Paths } from '../state/paths.ts';
import { readAccountState } from './account-state.ts';
import { isThere, readCredential } from './credential/read.ts';
import { readLinkTarget } from './credential/swap-link.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { listLeftovers, restoreLeftover } from './leftovers.ts';
import { identityIn } from './login.ts';
import { activeMarks } from './marks.ts';
import { isAccountOf } from './owner.ts';
import { absorbLogin, type Placement } from './place-login.ts';
import { recordRefusal } from './record-facts.ts';
import { linkSharedAuth, sharedAuth } from './shared-login.ts';
import { listVaults, type TargetSnapshot } from './target-snapshot.ts';
import { isUnclear, tellOtherAccount, tellReplacedLink } from './tell-placement.ts';
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
 * so the link is put back, and the service must be asked. A new login replaces the link by a file (see last-link.ts), and so
 * does a tool that restores or formats a login: a newer login of a target goes to its vault, a login that is not newer gives
 * way to the link, and the login of an unknown account stays there.
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
    const placed = moveToVault(paths, targets, file, now);
    if (isUnclear(placed)) writeLastLink(paths, null);
    return { lines: tellReplacedLink(placed, left, file), suspects: [] };
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
  if (newcomer === undefined) {
    writeLastLink(paths, null);
    return { lines: [], suspects };
  }
  const owner = targets.find((target) => isAccountOf(target, newcomer));
  const placed = moveToVault(paths, targets, file, now);
  if (placed === undefined || placed.kind === 'unplaced') writeLastLink(paths, null);
  if (left?.vault.kind === 'empty') return NOTHING;
  return { lines: tellOtherAccount(placed, newcomer, owner, file), suspects };
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
 * @returns undefined when another program has taken the file away.
 */
function moveToVault(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  file: string,
  now: Date,
): Placement | undefined {
  const vaults = listVaults(targets);
  const refuge = { vaults, orphansDir: paths.orphansDir, now };
  const placed = absorbLogin(file, refuge, ({ authFile }) => authFile);
  if (placed === undefined || placed.kind === 'unplaced') return placed;
  const vault = vaults.find(({ name }) => name === placed.vault);
  if (vault !== undefined) writeLastLink(paths, vault.authFile);
  return placed;
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
