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
import { appendEvent } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';

export interface Reconciled {
  /** With what was added to it. */
  config: Config;
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked; the service is to be asked (see token-keeper.ts). */
  doubted: string[];
  /** Why not everything could be settled, for the user. */
  problem?: string;
}

/**
 * Takes note of what was done to logins behind our back, before anybody chooses among them: plain codex logged out or in,
 * a login written into the vault of another account. Where it can, it puts things right; else the choice passes the
 * target over. Never throws: what cannot be settled now is told and tried again the next time.
 */
export async function reconcileLogins(
  paths: Paths,
  config: Config,
  now: Date,
  options: { isLaunch?: boolean } = {},
): Promise<Reconciled> {
  let settled = config;
  const lines: string[] = [];
  const doubted: string[] = [];
  const note = (news: readonly string[]) => {
    lines.push(...news);
    for (const message of news)
      appendEvent(paths, { at: now.toISOString(), type: 'notice', message });
  };
  try {
    const renaming = await finishRename(paths);
    if (renaming !== undefined) {
      settled = readConfig(paths) ?? config;
      repointOverlays(paths, authFileOf(renaming.from), authFileOf(renaming.to));
      note([
        `${renaming.from.name} is called ${renaming.to.name} now: an interrupted renaming was finished`,
      ]);
    }
    const standings = readTargets(paths, settled);
    for (const { target, fault } of standings) {
      if (fault !== undefined) lines.push(...mendAccountState(paths, target.name, now));
    }
    const notice = noticeLogout(paths, standings, now, options);
    note(notice.lines);
    doubted.push(...notice.doubted);
    for (const standing of standings) {
      const { target, vault, state } = standing;
      if (vault.kind === 'empty') settleVaultLeftovers(paths, standings, target, now);
      if (vault.kind === 'ready' && state.identity === undefined) {
        recordQuietly(paths, target.name, vault.identity);
      }
      if (!holdsForeignLogin(standing)) {
        const restored = await settleOwn(paths, standing, now);
        if (restored === undefined) continue;
        note([restored]);
        doubted.push(target.name);
        continue;
      }
      if (isLoginInUse(paths, standing.vault.authFile)) {
        lines.push(tellLater(standing));
        continue;
      }
      const moved = await moveForeignLogin(paths, settled, standing, { now });
      settled = moved.config;
      note(moved.lines);
      if (moved.mayBeLoggedOut) doubted.push(target.name);
    }
  } catch (error) {
    const why = describeError(error).text.replace(/^codex-hotswap: /, '');
    const problem = `the logins could not be put in order: ${why}`;
    return { config: settled, lines, doubted: [...new Set(doubted)], problem };
  }
  return { config: settled, lines, doubted: [...new Set(doubted)] };
}

/** A login that was being moved out of a vault when we died. */
function settleVaultLeftovers(
  { orphansDir }: Paths,
  standings: readonly TargetSnapshot[],
  target: Target,
  now: Date,
): void {
  const places = { vaults: listVaults(standings), orphansDir, label: target.name, now };
  for (const aside of listLeftovers(target.vault)) {
    restoreLeftover(aside, authFileOf(target), places);
  }
}

/** Keeps the last good copy of a vault, or puts it back. @returns a line for the user when it was put back. */
async function settleOwn(
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

/** The next who looks at it can do it as well. */
function recordQuietly(paths: Paths, target: string, identity: Identity): void {
  try {
    recordIdentity(paths, target, identity);
  } catch {
    // A full disk, say.
  }
}

// Its codex may be the one that holds that login in memory: two places would spend one refresh token twice.
function tellLater({ target, vault }: TargetWithForeignLogin): string {
  return `the vault of ${target.name} was given the login of ${describeIdentity(vault.identity)}; it is left there, unused, until the session on it has ended`;
}
