import { mendAccountState, recordIdentity } from '../accounts/account-state.ts';
import { keepLastGood, restoreLastGood } from '../accounts/last-good.ts';
import { listLeftovers, restoreLeftover } from '../accounts/leftovers.ts';
import { describeIdentity } from '../accounts/login.ts';
import { moveForeignLogin } from '../accounts/move-foreign-login.ts';
import { noticeLogout } from '../accounts/notice-logout.ts';
import { holdsForeignLogin, ownerOf, type TargetWithForeignLogin } from '../accounts/owner.ts';
import { finishRename } from '../accounts/rename.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { describeError } from '../errors.ts';
import { isLoginInUse, repointOverlays } from '../overlay/overlays-of-login.ts';
import { attempt } from '../state/attempt.ts';
import { type Config, readConfig, type Target } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { logEvent } from './log-event.ts';

export interface Reconciled {
  /** With the targets that were added. */
  config: Config;
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked. The service must be asked (see token-keeper.ts). */
  suspects: string[];
  /** For the user: the error that kept a login from being put in order. */
  problem?: string;
}

/**
 * Notices changes that other programs have made to logins, before an account is chosen: plain codex was logged out or in, or
 * another program has written the login of another account into a vault. Puts logins in their places again when that is safe;
 * a target with a wrong login is not chosen. Never throws: the next call tries again.
 * @param options.isLaunch a session is about to use one of the accounts.
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

/** Tells the user these lines, and logs them. */
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
  tell(paths, found, [`${from.name} is called ${to.name} now: an interrupted rename was finished`]);
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
    attempt(() => recordIdentity(paths, target.name, vault.identity)); // else the next call records it
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

/** Brings back a login that a process was moving out of a vault when it died. */
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

/** The codex of that session may have the foreign login in memory: moved now, its refresh token would be spent twice. */
function tellLater({ target, vault }: TargetWithForeignLogin): string {
  return `another program has written the login of ${describeIdentity(vault.identity)} over the login of ${target.name}; it stays there, unused, until the session on ${target.name} ends`;
}
