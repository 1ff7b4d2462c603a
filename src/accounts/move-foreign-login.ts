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
import { describeIdentity, identityIn, isSameIdentity } from './login.ts';
import { markLoggedOut } from './notice-logout.ts';
import { findOwner, holdsForeignLogin, type TargetWithForeignLogin } from './owner.ts';
import { followLogin } from './shared-login.ts';
import { accountLock, readTargets, type TargetSnapshot } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';

export interface MoveResult {
  /** With the target that was made for the login, if any. */
  config: Config;
  /** For the user. */
  lines: string[];
  /** The target's own login came back, and the service is to be asked whether it still works. */
  mayBeLoggedOut?: boolean;
}

/**
 * Moves a foreign login out of the vault it was written into. It goes to the vault of the target whose account it is, if it
 * is the newer of the two (the other is kept), else into a vault of its own, as a target that is switched off. The own login
 * of the first target comes back from its last good copy (last-good.ts); without a copy that target needs a new login. The
 * next call finishes what an interruption has left half done.
 * @param options.lockMs how long a process that refreshes a token of either vault is waited for.
 */
export async function moveForeignLogin(
  paths: Paths,
  config: Config,
  foreign: TargetWithForeignLogin,
  { now, lockMs = LOCK_MS }: { now: Date; lockMs?: number },
): Promise<MoveResult> {
  const { target, vault } = foreign;
  const owner = findOwner(readTargets(paths, config), vault.identity);
  const names = [target.name, ...(owner === undefined ? [] : [owner.target.name])];
  const locks = await lockAccounts(paths, names, lockMs);
  if (locks === undefined) {
    const who = describeIdentity(vault.identity);
    const line = `the vault of ${target.name} was given the login of ${who}; it is left there, unused, while a token is being refreshed`;
    return { config, lines: [line] };
  }
  try {
    return await moveUnderLocks(paths, config, { foreign, names }, now);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Longer than a refresh takes. Codex up to 0.160 writes its new token over any login that it finds (fact 12). */
const LOCK_MS = 10_000;

/** Always in the same order, so that two processes which want both locks never wait for each other. */
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

/** @param names the accounts whose locks are held. */
async function moveUnderLocks(
  paths: Paths,
  config: Config,
  { foreign, names }: { foreign: TargetWithForeignLogin; names: readonly string[] },
  now: Date,
): Promise<MoveResult> {
  const { target, vault } = foreign;
  // The text first: the targets, which are read after it, tell whether it is still the login that was found.
  const text = readCredential(vault.authFile)?.text;
  const targets = readTargets(paths, config);
  const owner = findOwner(targets, vault.identity);
  const isLocked = owner === undefined || names.includes(owner.target.name);
  // Something has changed while we waited: that is for the next call.
  if (text === undefined || !isStillThere(targets, foreign) || !isLocked) {
    return { config, lines: [] };
  }
  const who = describeIdentity(vault.identity);
  const keep = (loser: string, label = target.name) =>
    keepLogin(paths.orphansDir, label, loser, now);
  const own = readOwn(foreign, owner);
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
  const save = (content: string) => (content === text ? moved.keptIn : keep(content));
  if (own !== undefined) {
    putLogin(vault.authFile, own, save);
    const line = `${moved.line}; ${target.name} has its own login again`;
    return { config: moved.config, lines: [line], mayBeLoggedOut: true };
  }
  discardLogin(vault.authFile, save);
  markLoggedOut(paths, target.name, `its vault was given the login of ${who}`, now);
  const line = `${moved.line}; ${target.name} needs a new login: codex-hotswap login ${target.name}`;
  return { config: moved.config, lines: [line] };
}

/** Where the foreign login is now. */
interface Moved {
  config: Config;
  /** The target that has it. */
  target: Target;
  /** The file in which it stands. */
  keptIn: string;
  line: string;
}

/** The target's own login: its last good copy, or the login that was written into the owner's vault in exchange. */
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

function isStillThere(
  targets: readonly TargetSnapshot[],
  { target, vault }: TargetWithForeignLogin,
): boolean {
  const found = targets.find((snapshot) => snapshot.target.name === target.name);
  return (
    found !== undefined &&
    holdsForeignLogin(found) &&
    isSameIdentity(found.vault.identity, vault.identity) &&
    found.vault.issuedAt === vault.issuedAt
  );
}

/** @returns the file in which the login stands now: that of the owner's vault, or one among the orphans. */
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
  const identity = identityIn(text);
  if (identity !== undefined) recordIdentity(paths, target.name, identity);
  clearMarks(paths, target.name, ['needs-login']);
  return file;
}
