import { HotswapError } from '../errors.ts';
import type { Config, Target } from '../state/config.ts';
import { ensurePrivateDir } from '../state/files.ts';
import { awaitLock, type Lock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { clearMarks, recordIdentity } from './account-state.ts';
import { compareLogins } from './compare-logins.ts';
import { discardLogin } from './credential/discard.ts';
import { putLogin } from './credential/put.ts';
import { readCredential } from './credential/read.ts';
import { keepAsTarget, tellKept } from './keep-as-target.ts';
import { keepLogin } from './keep-login.ts';
import { readLastGood } from './last-good.ts';
import { describeIdentity, isSameIdentity, readLogin } from './login.ts';
import { markLoggedOut } from './notice-logout.ts';
import { findOwner, holdsForeignLogin, type TargetWithForeignLogin } from './owner.ts';
import { followLogin } from './shared-login.ts';
import { accountLock, readTargets, type TargetSnapshot } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';

/** The configuration afterwards, lines for the user, and whether the target's own login is to be asked about. */
type Move = { config: Config; lines: string[]; mayBeLoggedOut?: boolean };

/**
 * Moves a stranger's login out of the vault it was written into: to the vault of the target whose account it is, if it is
 * the newer of the two (the other is kept), else into a vault of its own, as a target that is switched off. The target's
 * own login comes back from its last good copy (last-good.ts); without one it needs a new login. What an interruption
 * leaves half done, the next call takes up again.
 * @param options.lockMs how long somebody who refreshes a token of either vault is waited for.
 */
export async function moveForeignLogin(
  paths: Paths,
  config: Config,
  stranger: TargetWithForeignLogin,
  { now, lockMs = LOCK_MS }: { now: Date; lockMs?: number },
): Promise<Move> {
  const { target, vault } = stranger;
  const owner = findOwner(readTargets(paths, config), vault.identity);
  const names = [target.name, ...(owner === undefined ? [] : [owner.target.name])];
  const locks = await lockAccounts(paths, names, lockMs);
  if (locks === undefined) {
    const who = describeIdentity(vault.identity);
    const line = `the vault of ${target.name} was given the login of ${who}; it is left there, unused, while a token is being refreshed`;
    return { config, lines: [line] };
  }
  try {
    return await move(paths, config, { stranger, names }, now);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Longer than a refresh takes. Codex up to 0.160 writes what it got over whatever it finds (fact 12). */
const LOCK_MS = 10_000;

/** Always in the same order: two who want both never wait for each other. */
async function lockAccounts(
  paths: Paths,
  names: readonly string[],
  timeoutMs: number,
): Promise<Lock[] | undefined> {
  const locks: Lock[] = [];
  for (const name of [...names].sort()) {
    const lock = await awaitLock(accountLock(paths, name), timeoutMs);
    if (lock === undefined) {
      for (const taken of locks) taken.release();
      return undefined;
    }
    locks.push(lock);
  }
  return locks;
}

/** With the locks of those names held. */
async function move(
  paths: Paths,
  config: Config,
  { stranger, names }: { stranger: TargetWithForeignLogin; names: readonly string[] },
  now: Date,
): Promise<Move> {
  const { target, vault } = stranger;
  const owner = findOwner(readTargets(paths, config), vault.identity);
  const isLocked = owner === undefined || names.includes(owner.target.name);
  const text = readCredential(vault.authFile)?.text;
  // What has changed while we waited is for the next look.
  if (text === undefined || !isThereStill(paths, config, stranger) || !isLocked) {
    return { config, lines: [] };
  }
  const who = describeIdentity(vault.identity);
  const keep = (loser: string, label = target.name) =>
    keepLogin(paths.orphansDir, label, loser, now);
  const own = readOwn(stranger, owner);
  let moved: Moved;
  if (owner === undefined) {
    const kept = await keepAsTarget(paths, text, vault);
    const line = `found a new login, ${who}, in the vault of ${target.name}; ${tellKept(kept.target.name)}`;
    moved = { ...kept, keptIn: authFileOf(kept.target), line };
  } else {
    const keptIn = moveToOwner(paths, text, owner, keep);
    const line = `a login as ${who}, made past codex-hotswap, was in the vault of ${target.name} and is that of ${owner.target.name} now`;
    moved = { config, target: owner.target, keptIn, line };
  }
  // The IDE that logged in goes on under the login it made.
  followLogin(paths, vault.authFile, authFileOf(moved.target));
  const place = (content: string) => (content === text ? moved.keptIn : keep(content));
  if (own === undefined) {
    discardLogin(vault.authFile, place);
    markLoggedOut(paths, target.name, `its vault was given the login of ${who}`, now);
  } else {
    putLogin(vault.authFile, own, place);
  }
  const end =
    own === undefined
      ? `${target.name} needs a new login: codex-hotswap login ${target.name}`
      : `${target.name} has its own login again`;
  return {
    config: moved.config,
    lines: [`${moved.line}; ${end}`],
    ...(own === undefined ? {} : { mayBeLoggedOut: true }),
  };
}

/** What became of the stranger's login. */
interface Moved {
  config: Config;
  /** Whose login it is now. */
  target: Target;
  /** The file in which it stands. */
  keptIn: string;
  line: string;
}

/** The target's own login: its last good copy, or what was written into the vault of the stranger in exchange. */
function readOwn(
  { state, vault }: TargetWithForeignLogin,
  owner: TargetSnapshot | undefined,
): string | undefined {
  if (state.identity === undefined) return undefined;
  const copy = readLastGood(vault.authFile, state.identity);
  const held = owner?.vault;
  const isExchanged = held?.kind === 'ready' && isSameIdentity(held.identity, state.identity);
  const other = isExchanged ? readCredential(held.authFile)?.text : undefined;
  if (copy === undefined || other === undefined) return copy ?? other;
  return compareLogins(other, copy) === 'newer' ? other : copy;
}

function isThereStill(
  paths: Paths,
  config: Config,
  { target, vault }: TargetWithForeignLogin,
): boolean {
  const standings = readTargets(paths, config);
  const found = standings.find((standing) => standing.target.name === target.name);
  return (
    found !== undefined &&
    holdsForeignLogin(found) &&
    isSameIdentity(found.vault.identity, vault.identity) &&
    found.vault.issuedAt === vault.issuedAt
  );
}

/** @returns where the stranger's login stands now: in the vault of its target, or among the orphans. */
function moveToOwner(
  paths: Paths,
  text: string,
  { target, vault }: TargetSnapshot,
  keep: (loser: string, label?: string) => string,
): string {
  if (vault.kind === 'unsafe') throw new HotswapError('unsafe-path', vault.reason, vault.advice);
  const file = authFileOf(target);
  const order = compareLogins(text, readCredential(file)?.text ?? '');
  if (order === 'same') return file;
  if (order === 'older' || order === 'unclear') return keep(text);
  ensurePrivateDir(target.vault);
  putLogin(file, text, (former) => keep(former, target.name));
  const read = readLogin(text);
  if (read.kind === 'login') recordIdentity(paths, target.name, read.login.identity);
  clearMarks(paths, target.name, ['needs-login']);
  return file;
}
