import { recordIdentity } from '../accounts/account-state.ts';
import { mendCurrent, readCurrent } from '../accounts/current.ts';
import { readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { leaseSlot, releaseSlot } from '../overlay/lease.ts';
import { hasLoginLink, hasOwnLogin, pointAuth } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Config } from '../state/config.ts';
import { appendEvent } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity } from '../state/process-identity.ts';
import { type AccountWish, readStart } from './account-wish.ts';
import { adoptOverlay } from './adopt-overlay.ts';
import { type ChosenAccount, chooseAccount } from './choose-account.ts';
import { findSuspectedLogout } from './suspect-logout.ts';

/** A leased overlay that leads to the login of the chosen account. */
export interface SessionOverlay {
  slot: Slot;
  target: string;
  /** Lines for the user. */
  notices: string[];
  /** Why the account cannot work now. Codex's screen covers the notice that says so. */
  atLimit: string | undefined;
  /** A target whose login may have been revoked in the last session of the slot. */
  suspect?: string | undefined;
}

/**
 * Chooses the account and furnishes an overlay for it.
 * @param targets the accounts as they are now.
 * @throws what `chooseAccount` throws; HotswapError `no-free-slot`, and the file errors.
 */
export function openSessionOverlay(
  paths: Paths,
  config: Config,
  now: Date,
  wish: AccountWish = {},
  targets: readonly TargetSnapshot[] = readTargets(paths, config),
): SessionOverlay {
  const { fault } = readCurrent(paths);
  const notices = fault === undefined ? [] : mendCurrent(paths, now);
  const { strategy } = config;
  const current = readStart(paths, wish);
  const choose = (targets: readonly TargetSnapshot[]) =>
    chooseAccount({ targets, ...wish, current, strategy, now });
  let chosen = choose(targets); // before the lease of a slot, because it may throw

  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  try {
    const left = takeOver(paths, targets, slot, now);
    if (left !== undefined) {
      notices.push(...left.problems);
      // The last session of the slot may have lost the login of the account, or left a newer one.
      chosen = choose(readTargets(paths, config));
    }
    const { target, authFile, identity, notice, atLimit } = chosen;
    if (notice !== undefined) notices.push(notice);
    furnishSlot(slot);
    pointAuth(slot, authFile);
    recordIdentity(paths, target, identity);
    return { slot, target, notices, atLimit, suspect: left?.suspect };
  } catch (error) {
    try {
      releaseSlot(slot);
    } catch {
      // The reason is the same, and the next launch takes the slot over.
    }
    throw error;
  }
}

/** The account that `openSessionOverlay` would choose now. @throws what `chooseAccount` throws. */
export function foreseeAccount(
  paths: Paths,
  config: Config,
  now: Date,
  wish: AccountWish = {},
): ChosenAccount {
  const current = readStart(paths, wish);
  const { strategy } = config;
  return chooseAccount({ targets: readTargets(paths, config), ...wish, current, strategy, now });
}

/**
 * Adopts entries that a killed session has left in the slot, or a `codex login` in a shell that has outlived its session.
 * @returns lines for the user, and the target whose login may be revoked; undefined when there are no such entries.
 */
function takeOver(
  paths: Paths,
  targets: readonly TargetSnapshot[],
  slot: Slot,
  now: Date,
): { problems: string[]; suspect?: string | undefined } | undefined {
  const { reclaimedFrom, number } = slot;
  if (reclaimedFrom === undefined) {
    return hasOwnLogin(slot) ? adoptOverlay(paths, targets, slot, now) : undefined;
  }
  const { pid } = reclaimedFrom;
  appendEvent(paths, { at: now.toISOString(), type: 'reclaimed', slot: number, pid });
  const isLoggedOut = !hasLoginLink(slot);
  const { problems, auth } = adoptOverlay(paths, targets, slot, now);
  return { problems, suspect: findSuspectedLogout(paths, pid, { isLoggedOut, auth }, now) };
}
