import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordIdentity } from '../accounts/account-state.ts';
import { chooseTarget } from '../accounts/choice.ts';
import { discardLogin } from '../accounts/credential/discard.ts';
import { mendCurrent, readCurrent } from '../accounts/current.ts';
import { keepAsTarget, tellKept } from '../accounts/keep-as-target.ts';
import { keepLastGood } from '../accounts/last-good.ts';
import { describeIdentity, readLogin } from '../accounts/login.ts';
import { findVault, holdsForeignLogin, ownerOf } from '../accounts/owner.ts';
import type { KnownVault } from '../accounts/place-login.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { describeError, HotswapError } from '../errors.ts';
import { tellTime } from '../handoff/messages.ts';
import { type AdoptReport, adoptSlot } from '../overlay/adopt.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { foldHookTrust } from '../overlay/hook-trust.ts';
import { holdsSlot, leaseSlot, releaseSlot, tellLost } from '../overlay/lease.ts';
import { hasOwnLogin, pointAuth, showsLogin } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import { readRegularFile } from '../regular-file.ts';
import type { Config, Strategy } from '../state/config.ts';
import { appendEvent } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity } from '../state/process-identity.ts';
import { askAfterSession } from './ask-doubted.ts';
import { findSuspectedLogout, mayBeLoggedOut } from './suspect-logout.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** A leased overlay that shows the chosen account. */
export interface SessionOverlay {
  slot: Slot;
  target: string;
  /** Lines for the user. */
  notices: string[];
  /** A target whose login may have been revoked in the session that left the slot. */
  doubted?: string | undefined;
}

/** Which account is asked for: this one and no other, or this one unless it cannot be used now. */
export interface Wish {
  kind: 'exactly' | 'rather';
  target: string;
}

/**
 * Chooses the account and furnishes an overlay for it.
 * @param wish the target asked for, or undefined for the current one or its next usable successor.
 * @throws HotswapError `no-usable-target` when no account is logged in, or not the one asked for; `unknown-target`,
 * `no-free-slot`, and the file errors.
 */
export function openSessionOverlay(
  paths: Paths,
  config: Config,
  now: Date,
  wish?: Wish,
): SessionOverlay {
  const standings = readTargets(paths, config);
  const { current, fault } = readCurrent(paths);
  const notices = fault === undefined ? [] : mendCurrent(paths, now);
  const pick = (from: readonly TargetSnapshot[]) =>
    wish?.kind === 'exactly'
      ? takeAccount(from, wish.target, now)
      : pickAccount(from, wish?.target ?? current, now, wish?.target, config.strategy);
  let picked = pick(standings);
  let doubted: string | undefined;

  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  try {
    if (slot.reclaimedFrom !== undefined) {
      const left = reclaim(paths, standings, slot, slot.reclaimedFrom.pid, now);
      notices.push(...left.problems);
      doubted = left.doubted;
      // The session before may have cost the account its login.
      picked = pick(readTargets(paths, config));
    } else if (hasOwnLogin(slot)) {
      // Of a `codex login` in a shell that an earlier session has left behind.
      notices.push(...adopt(paths, standings, slot, now).problems);
      picked = pick(readTargets(paths, config));
    }
    const { target, standing, why } = picked;
    if (why !== undefined) notices.push(why);
    if (standing.vault.kind !== 'ready') throw new Error('an account without a login was picked');
    furnishSlot(slot);
    pointAuth(slot, standing.vault.authFile);
    recordIdentity(paths, target, standing.vault.identity);
    return { slot, target, notices, doubted };
  } catch (error) {
    try {
      releaseSlot(slot);
    } catch {
      // The reason is the same, and the next launch takes the slot over.
    }
    throw error;
  }
}

/** Takes over what a killed session has left in the slot. @returns lines for the user, and whose login is in doubt. */
function reclaim(
  paths: Paths,
  standings: readonly TargetSnapshot[],
  slot: Slot,
  pid: number,
  now: Date,
): { problems: string[]; doubted: string | undefined } {
  appendEvent(paths, { at: now.toISOString(), type: 'reclaimed', slot: slot.number, pid });
  const isLoggedOut = !showsLogin(slot);
  const { problems, auth } = adopt(paths, standings, slot, now);
  return { problems, doubted: findSuspectedLogout(paths, pid, { isLoggedOut, auth }, now) };
}

export interface Closing {
  tokens?: Pick<TokenKeeper, 'doubt'>;
  mayRelease?(): boolean;
}

/**
 * Brings what the session left in the overlay to where it belongs and gives the slot back. Never rejects: the session has
 * ended already, and what cannot be tidied now is left for the next who takes the slot.
 * @param target whom the session worked under last.
 * @param options.tokens asks the service, where the session may have cost the account its login.
 * @param options.mayRelease asked last. A slot whose session is still open on record keeps its lease and its link: the next
 * launch takes it over from us, and must not take a missing link for a logout.
 * @returns lines for the user.
 */
export async function closeSessionOverlay(
  paths: Paths,
  config: Config,
  slot: Slot,
  target: string,
  { tokens, mayRelease = () => true }: Closing = {},
): Promise<string[]> {
  // What is in it now, or is gone, is of the session that has it.
  if (!holdsSlot(slot)) return [tellLost(slot)];
  const now = new Date();
  const problems: string[] = [];
  const attempt = async (act: () => void | Promise<void>) => {
    try {
      await act();
    } catch (error) {
      problems.push(describeError(error).text.replace(/^codex-hotswap: /, ''));
    }
  };
  let doubts = false;
  await attempt(async () => {
    const isLoggedOut = isLoggedOutIn(slot);
    const standings = readTargets(paths, config);
    const { problems: left, auth } = adopt(paths, standings, slot, now);
    problems.push(...left);
    doubts = mayBeLoggedOut(target, { isLoggedOut, auth });
    const known = config.targets.find(({ name }) => name === target);
    if (known !== undefined) keepLastGood(paths, known);
    if (auth?.kind === 'orphaned') {
      const vaults = listVaults(readTargets(paths, config));
      problems.push(...(await keepOrphan(paths, auth.file, vaults)));
    }
  });
  await attempt(async () => void (await foldHookTrust(slot)));
  if (mayRelease()) await attempt(() => releaseSlot(slot));
  if (doubts) await attempt(async () => void problems.push(await askAfterSession(tokens, target)));
  return problems;
}

/** A slot that is gone as a whole (somebody has removed our state) says nothing about the login. */
function isLoggedOutIn(slot: Slot): boolean {
  return existsSync(slot.home) && !showsLogin(slot);
}

/** A login made inside the session that belongs to no target is offered as one. */
async function keepOrphan(
  paths: Paths,
  file: string,
  vaults: readonly KnownVault[],
): Promise<string[]> {
  const text = readFileSync(file, 'utf8');
  const read = readLogin(text);
  if (read.kind === 'broken') return [];
  const { identity } = read.login;
  const who = describeIdentity(identity);
  if (findVault(identity, vaults) !== undefined) {
    return [`this session has left a login, ${who}, beside that of its target: ${file}`];
  }
  return keepAsTarget(paths, text, read.login).then(
    ({ target }) => {
      discardLogin(file, () => authFileOf(target));
      return [`this session has left a new login, ${who}; ${tellKept(target.name)}`];
    },
    (error: Error) => [`this session has left a new login, ${who}, in ${file}: ${error.message}`],
  );
}

/** The user's config.toml as Codex will read it, '' when there is none. */
export function readCodexConfig(sharedHome: string): string {
  try {
    return readRegularFile(join(sharedHome, 'config.toml')).toString('utf8');
  } catch {
    return '';
  }
}

interface Picked {
  target: string;
  standing: TargetSnapshot;
  /** What speaks against it all the same, for the user. */
  why?: string;
}

/** The account that was asked for by name: a limit is Codex's to tell, but a login it must have, and the right one. */
function takeAccount(standings: readonly TargetSnapshot[], name: string, now: Date): Picked {
  const standing = standings.find(({ target }) => target.name === name);
  if (standing === undefined) {
    throw new HotswapError(
      'unknown-target',
      `there is no target called ${JSON.stringify(name)}`,
      `you have: ${standings.map(({ target }) => target.name).join(', ')}`,
    );
  }
  const { vault } = standing;
  if (vault.kind !== 'ready') {
    throw new HotswapError(
      'no-usable-target',
      `${name} cannot be used: ${vault.kind === 'empty' ? 'it is not logged in' : vault.reason}`,
      `log in with: codex-hotswap login ${name}`,
    );
  }
  const owner = ownerOf(standing);
  if (owner !== undefined && holdsForeignLogin(standing)) {
    throw new HotswapError(
      'no-usable-target',
      `the vault of ${name} now holds ${describeIdentity(vault.identity)}, not ${describeIdentity(owner)}`,
      `to keep that account there: codex-hotswap login ${name} --replace-account --move`,
    );
  }
  const reason = speaksAgainst({ ...standing, target: { ...standing.target, enabled: true } }, now);
  return { target: name, standing, ...(reason === undefined ? {} : { why: `${name}: ${reason}` }) };
}

/** Why this account, by itself, would not be chosen now. */
function speaksAgainst(standing: TargetSnapshot, now: Date): string | undefined {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const choice = chooseTarget({ standings: [standing], nowSeconds });
  return choice.kind === 'none' ? choice.reasons[0]?.reason : undefined;
}

/** @param wished the account that the thread to be resumed ran under last: another is not taken silently. */
function pickAccount(
  standings: readonly TargetSnapshot[],
  current: string | undefined,
  now: Date,
  wished?: string,
  strategy: Strategy = 'order',
): Picked {
  const choice = chooseTarget({
    standings,
    current,
    strategy: wished === undefined ? strategy : 'order',
    nowSeconds: Math.floor(now.getTime() / 1000),
  });
  const byName = (name: string) => standings.find(({ target }) => target.name === name);
  if (choice.kind === 'chosen') {
    const { name } = choice.target;
    const standing = byName(name) as TargetSnapshot;
    const left = byName(wished ?? current ?? '') ?? standings[0];
    // An account at its limit is passed over without a word. A login that cannot be used has to be mended by its owner.
    const isSpoilt = left?.target.enabled === true && /^(broken|unsafe)$/.test(left.vault.kind);
    if (left === undefined || left === standing || !(isSpoilt || wished !== undefined)) {
      return { target: name, standing };
    }
    const reason = speaksAgainst(left, now) ?? 'cannot be used now';
    const doing = wished === undefined ? 'this session works' : 'resuming';
    return {
      target: name,
      standing,
      why: `${left.target.name}: ${reason}; ${doing} under ${name}`,
    };
  }
  // All are at their limit: Codex itself says so best, and its clock may know better than our marks.
  const { earliest } = choice;
  const fallback = [earliest?.target, current, ...standings.map(({ target }) => target.name)]
    .map((name) => (name === undefined ? undefined : byName(name)))
    .find(
      (standing) =>
        standing?.vault.kind === 'ready' && standing.target.enabled && !holdsForeignLogin(standing),
    );
  if (fallback === undefined) {
    const [first] = standings;
    throw new HotswapError(
      'no-usable-target',
      standings.length === 0
        ? 'no account is set up'
        : `no account can be used (${choice.reasons.map((r) => `${r.target}: ${r.reason}`).join('; ')})`,
      `log in with: codex-hotswap login ${first?.target.name ?? '<name>'}`,
    );
  }
  const back =
    earliest === undefined
      ? ''
      : `; first back: ${earliest.target} at ${tellTime(earliest.until, now)}`;
  return {
    target: fallback.target.name,
    standing: fallback,
    why: `every account is at its limit${back}; starting under ${fallback.target.name}`,
  };
}

function adopt(
  paths: Paths,
  standings: readonly TargetSnapshot[],
  slot: Slot,
  now: Date,
): AdoptReport {
  const report = adoptSlot(slot, {
    vaults: listVaults(standings),
    orphansDir: paths.orphansDir,
    now,
  });
  logAdoption(paths, slot, report, now);
  return report;
}

function logAdoption(paths: Paths, slot: Slot, { adopted, auth }: AdoptReport, now: Date): void {
  const at = now.toISOString();
  for (const entry of adopted) {
    appendEvent(paths, { at, type: 'adopted', slot: slot.number, ...entry });
  }
  if (auth === undefined) return;
  const outcome = auth.kind === 'orphaned' ? auth.reason : `${auth.kind}: ${auth.vault}`;
  appendEvent(paths, { at, type: 'adopted', slot: slot.number, entry: 'auth.json', outcome });
}
