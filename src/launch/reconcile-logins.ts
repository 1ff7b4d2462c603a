import { mendAccountState, recordIdentity } from '../accounts/account-state.ts';
import { keepLastGood, restoreLastGood } from '../accounts/last-good.ts';
import { listLeftovers, restoreLeftover } from '../accounts/leftovers.ts';
import { describeIdentity, type Identity } from '../accounts/login.ts';
import { moveForeignLogin } from '../accounts/move-foreign-login.ts';
import { noticeLogout } from '../accounts/notice-logout.ts';
import { holdsForeignLogin, ownerOf, type TargetWithForeignLogin } from '../accounts/owner.ts';
import { finishRename } from '../accounts/rename.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { describeError } from '../errors.ts';
import { isLoginInUse, repointOverlays } from '../overlay/overlays-of-login.ts';
import { type Config, readConfig, type Target } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { logEvent } from './log-event.ts';

export interface Reconciled {
  /** With the targets that were added. */
  config: Config;
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked. The service is to be asked (see token-keeper.ts). */
  suspects: string[];
  /** Why not every login could be put in order, for the user. */
  problem?: string;
}

/**
 * Notices what other programs did to logins, before an account is chosen: plain codex was logged out or in, or the login of
 * another account was written into a vault. Where that is safe, it puts things right. Elsewhere the choice passes the
 * target over. Never throws: what fails is told, and the next call tries again.
 * @param options.isLaunch one of the accounts is about to be used.
 */
export async function reconcileLogins(
  paths: Paths,
  stored: Config,
  now: Date,
  options: { isLaunch?: boolean } = {},
): Promise<Reconciled> {
  const found: Reconciled = { config: stored, lines: [], suspects: [] };
  try {
    await finishOldRename(paths, found);
    const targets = readTargets(paths, found.config);
    for (const { target, fault } of targets) {
      if (fault !== undefined) found.lines.push(...mendAccountState(paths, target.name, now));
    }
    const notice = noticeLogout(paths, targets, now, options);
    tell(paths, found, notice.lines);
    found.suspects.push(...notice.suspects);
    for (const snapshot of targets) await reconcileVault(paths, targets, snapshot, found, now);
  } catch (error) {
    const why = describeError(error).text.replace(/^codex-hotswap: /, '');
    found.problem = `the logins could not be put in order: ${why}`;
  }
  return { ...found, suspects: [...new Set(found.suspects)] };
}

/** A line for the user that the event log has, too. */
function tell(paths: Paths, found: Reconciled, lines: readonly string[]): void {
  found.lines.push(...lines);
  for (const message of lines) logEvent(paths, { type: 'notice', message });
}

async function finishOldRename(paths: Paths, found: Reconciled): Promise<void> {
  const renaming = await finishRename(paths);
  if (renaming === undefined) return;
  const { from, to } = renaming;
  found.config = readConfig(paths) ?? found.config;
  repointOverlays(paths, authFileOf(from), authFileOf(to));
  tell(paths, found, [
    `${from.name} is called ${to.name} now: an interrupted renaming was finished`,
  ]);
}

/** Puts the vault of one target in order. */
async function reconcileVault(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  snapshot: TargetSnapshot,
  found: Reconciled,
  now: Date,
): Promise<void> {
  const { target, vault, state } = snapshot;
  if (vault.kind === 'empty') restoreVaultLeftovers(paths, targets, target, now);
  if (vault.kind === 'ready' && state.identity === undefined) {
    recordQuietly(paths, target.name, vault.identity);
  }
  if (!holdsForeignLogin(snapshot)) {
    const restored = await keepOrRestoreOwn(paths, snapshot, now);
    if (restored === undefined) return;
    tell(paths, found, [restored]);
    found.suspects.push(target.name);
  } else if (isLoginInUse(paths, snapshot.vault.authFile)) {
    found.lines.push(tellLater(snapshot));
  } else {
    const moved = await moveForeignLogin(paths, found.config, snapshot, { now });
    found.config = moved.config;
    tell(paths, found, moved.lines);
    if (moved.mayBeLoggedOut) found.suspects.push(target.name);
  }
}

/** A login that was being moved out of a vault when the process died. */
function restoreVaultLeftovers(
  { orphansDir }: Paths,
  targets: readonly TargetSnapshot[],
  target: Target,
  now: Date,
): void {
  const refuge = { vaults: listVaults(targets), orphansDir, label: target.name, now };
  for (const aside of listLeftovers(target.vault)) {
    restoreLeftover(aside, authFileOf(target), refuge);
  }
}

/** Keeps the last good copy of a vault, or puts it back. @returns a line for the user when it was put back. */
async function keepOrRestoreOwn(
  paths: Paths,
  snapshot: TargetSnapshot,
  now: Date,
): Promise<string | undefined> {
  const { target, vault } = snapshot;
  const owner = ownerOf(snapshot);
  if (owner === undefined || vault.kind === 'unsafe') return undefined;
  const isGood = vault.kind === 'ready' && keepLastGood(paths, target, owner) !== 'older';
  return isGood ? undefined : await restoreLastGood(paths, target, owner, { now });
}

/** The next call can record it as well. */
function recordQuietly(paths: Paths, target: string, identity: Identity): void {
  try {
    recordIdentity(paths, target, identity);
  } catch {
    // A full disk, say.
  }
}

/** The codex of that session may hold the foreign login in memory. In two places one refresh token would be spent twice. */
function tellLater({ target, vault }: TargetWithForeignLogin): string {
  return `the vault of ${target.name} was given the login of ${describeIdentity(vault.identity)}; it is left there, unused, until the session on it has ended`;
}
