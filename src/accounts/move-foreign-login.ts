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
  /** The target has its own login again. The service must be asked whether that login still works. */
  mayBeLoggedOut?: boolean;
}

/**
 * Moves a foreign login out of a vault. When it is the account of another target, the newer of the two logins goes into that
 * target's vault, and the older one to the orphans. When it is no target's account, it gets a new target, switched off. Then
 * the vault gets its own login back from the last good copy (last-good.ts). Without a copy the target needs a new login.
 * After an interruption the next call does the rest.
 * @param options.lockMs how long to wait for a process that refreshes a token of one of the vaults.
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
    const line = `another program has written the login of ${who} over the login of ${target.name}; it stays there, unused, while a token is being refreshed`;
    return { config, lines: [line] };
  }
  try {
    return await moveUnderLocks(paths, config, { foreign, names }, now);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Longer than a refresh takes. Codex up to 0.160 writes the refreshed token over every login in the file (fact 12). */
const LOCK_MS = 10_000;

/** Takes the locks in the order of the names: two processes that need both never wait for each other. */
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
  // Read before the targets: they show whether this is still the login that was found.
  const text = readCredential(vault.authFile)?.text;
  const targets = readTargets(paths, config);
  const owner = findOwner(targets, vault.identity);
  const isLocked = owner === undefined || names.includes(owner.target.name);
  // Another process has changed something while we waited. The next call handles that.
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
    const line = `another program has written a new login, ${who}, over the login of ${target.name}; ${tellKept(kept.target.name)}`;
    moved = { ...kept, keptIn: authFileOf(kept.target), line };
  } else {
    const keptIn = moveToOwner(paths, text, owner, keep);
    const line = `another program has written a login of ${who} over the login of ${target.name}; it was moved to ${owner.target.name}`;
    moved = { config, target: owner.target, keptIn, line };
  }
  // The IDE that logged in goes on under the login that it made.
  followLogin(paths, vault.authFile, authFileOf(moved.target));
  const save = (content: string) => (content === text ? moved.keptIn : keep(content));
  if (own !== undefined) {
    putLogin(vault.authFile, own, save);
    const line = `${moved.line}; ${target.name} has its own login again`;
    return { config: moved.config, lines: [line], mayBeLoggedOut: true };
  }
  discardLogin(vault.authFile, save);
  markLoggedOut(
    paths,
    target.name,
    `another program has replaced its login by that of ${who}`,
    now,
  );
  const line = `${moved.line}; ${target.name} needs a new login: codex-hotswap login ${target.name}`;
  return { config: moved.config, lines: [line] };
}

/** The new place of the foreign login. */
interface Moved {
  config: Config;
  /** The target that has the login. */
  target: Target;
  /** The file that has the login. */
  keptIn: string;
  line: string;
}

/** The target's own login: its last good copy. Or the owner's vault has it, when two logins were exchanged. */
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

/** @returns the file that has the login now: in the owner's vault, or among the orphans. */
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
