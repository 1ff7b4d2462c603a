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
  /** Asks the service, where the session may have cost the account its login. */
  tokens?: Pick<TokenKeeper, 'verifyLogin'>;
  /**
   * Asked last. A slot whose session is still open on record keeps its lease and its link: the next launch takes it over
   * from us, and must not take a missing link for a logout.
   */
  mayRelease?(): boolean;
}

/**
 * Brings what the session has left in the overlay to where it belongs, and gives the slot back. Never rejects: the session
 * has ended already. The next session in the slot tidies what cannot be tidied now.
 * @param target the account that the session worked under last.
 * @returns lines for the user.
 */
export async function closeSessionOverlay(
  paths: Paths,
  config: Config,
  slot: Slot,
  target: string,
  { tokens, mayRelease = () => true }: Closing = {},
): Promise<string[]> {
  // Another session has the slot by now: what is in it, or is gone, is of that session.
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

/** A slot that is gone as a whole (a person has removed our state) says nothing about the login. */
function isLoggedOutIn(slot: Slot): boolean {
  return existsSync(slot.home) && !hasLoginLink(slot);
}

/** A login that was made in the session and is no target's becomes a target, switched off. @returns lines for the user. */
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
    return [`this session has left a login, ${who}, beside that of its target: ${file}`];
  }
  try {
    const { target } = await keepAsTarget(paths, text, read.login);
    discardLogin(file, () => authFileOf(target));
    return [`this session has left a new login, ${who}; ${tellKept(target.name)}`];
  } catch (error) {
    return [`this session has left a new login, ${who}, in ${file}: ${(error as Error).message}`];
  }
}
