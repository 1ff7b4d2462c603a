import { existsSync, readFileSync } from 'node:fs';
import { discardLogin } from '../accounts/credential/discard.ts';
import { keepAsTarget, tellKept } from '../accounts/keep-as-target.ts';
import { keepLastGood } from '../accounts/last-good.ts';
import { describeIdentity, readLogin } from '../accounts/login.ts';
import { findOwner } from '../accounts/owner.ts';
import { readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { describeError } from '../errors.ts';
import { foldHookTrust } from '../overlay/hook-trust.ts';
import { holdsSlot, releaseSlot, tellLost } from '../overlay/lease.ts';
import { hasLoginLink } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { adoptOverlay } from './adopt-overlay.ts';
import { askAfterSession } from './ask-suspects.ts';
import { mayBeLoggedOut } from './suspect-logout.ts';
import type { TokenKeeper } from './token-keeper.ts';

export interface Closing {
  /** Asks the service about a login that the session may have revoked. */
  tokens?: Pick<TokenKeeper, 'verifyLogin'>;
  /**
   * Called last. While the record of the session is not ended, its slot keeps its lease and its link: the next launch takes
   * over the slot, and a missing link would look like a logout.
   */
  mayRelease?(): boolean;
}

/**
 * Adopts the entries that the session has left in the overlay, and gives the slot back. Never rejects: the session has ended
 * already, and the next session in the slot adopts the rest.
 * @param target the last account of the session.
 * @returns lines for the user.
 */
export async function closeSessionOverlay(
  paths: Paths,
  config: Config,
  slot: Slot,
  target: string,
  { tokens, mayRelease = () => true }: Closing = {},
): Promise<string[]> {
  // Another session has the slot now: its entries are of that session.
  if (!holdsSlot(slot)) return [tellLost(slot)];
  const problems: string[] = [];
  const attempt = async (act: () => void | Promise<void>) => {
    try {
      await act();
    } catch (error) {
      problems.push(describeError(error).text.replace(/^codex-hotswap: /, ''));
    }
  };
  let isSuspect = false;
  await attempt(async () => {
    const isLoggedOut = isLoggedOutIn(slot);
    const report = adoptOverlay(paths, readTargets(paths, config), slot, new Date());
    const { auth } = report;
    problems.push(...report.problems);
    isSuspect = mayBeLoggedOut(target, { isLoggedOut, auth });
    const known = config.targets.find(({ name }) => name === target);
    if (known !== undefined) keepLastGood(paths, known);
    if (auth?.kind === 'orphaned') {
      problems.push(...(await keepOrphan(paths, auth.file, readTargets(paths, config))));
    }
  });
  await attempt(async () => void (await foldHookTrust(slot)));
  if (mayRelease()) await attempt(() => releaseSlot(slot));
  if (isSuspect) {
    await attempt(async () => void problems.push(await askAfterSession(tokens, target)));
  }
  return problems;
}

/** When the whole slot is gone (a person has deleted our state), the missing link is no sign of a logout. */
function isLoggedOutIn(slot: Slot): boolean {
  return existsSync(slot.home) && !hasLoginLink(slot);
}

/** Makes a target, switched off, for a login of an unknown account from the session. @returns lines for the user. */
async function keepOrphan(
  paths: Paths,
  file: string,
  targets: readonly TargetSnapshot[],
): Promise<string[]> {
  const text = readFileSync(file, 'utf8');
  const read = readLogin(text);
  if (read.kind === 'broken') return [];
  const { identity } = read.login;
  const who = describeIdentity(identity);
  if (findOwner(targets, identity) !== undefined) {
    return [`this session has left a second login of ${who}: ${file}`];
  }
  try {
    const { target } = await keepAsTarget(paths, text, read.login);
    discardLogin(file, () => authFileOf(target));
    return [`this session has left a new login, ${who}; ${tellKept(target.name)}`];
  } catch (error) {
    return [`this session has left a new login, ${who}, in ${file}: ${(error as Error).message}`];
  }
}
