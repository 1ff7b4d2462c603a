import { lstatSync, type Stats, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Target } from '../state/config.ts';
import { replaceFile } from '../state/files.ts';
import { awaitLock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { readAccountState } from './account-state.ts';
import { compareLogins } from './compare-logins.ts';
import { putLogin } from './credential/put.ts';
import { isThere, readCredential } from './credential/read.ts';
import { keepLoginOnce } from './keep-login.ts';
import { type Identity, identityIn, isSameIdentity, readLogin } from './login.ts';
import { accountLock } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';
import { isSamePlace } from './vault-home.ts';

/** The copy beside a vault's auth.json: the last login of the vault's own account. Codex does not read it. */
export const LAST_GOOD = 'auth.json.last-good';

export function lastGoodOf(authFile: string): string {
  return join(dirname(authFile), LAST_GOOD);
}

/**
 * Keeps a copy (0600) of a vault's login, because another tool may write its own account through our link. Only a newer
 * login of the same account replaces the copy. Costs two lstat when the copy is up to date. Never throws.
 * @param owner the account of the vault; default: the account on record. A foreign login is not copied.
 * @returns `older` when the vault's login is older than the copy.
 */
export function keepLastGood(
  paths: Paths,
  target: Target,
  owner: Owner | undefined = readAccountState(paths, target.name).state.identity,
): 'kept' | 'older' | 'not-kept' {
  const authFile = authFileOf(target);
  const copy = lastGoodOf(authFile);
  try {
    const stats = lstatSync(authFile);
    if (isInStep(stats, lstatSync(copy, { throwIfNoEntry: false }))) return 'kept';
    const text = readCredential(authFile)?.text ?? '';
    if (owner === undefined || !isOf(text, owner)) return 'not-kept';
    const before = readCredential(copy)?.text ?? '';
    const order = compareLogins(before, text);
    if (order === 'newer') return 'older';
    if (before !== '' && (order === 'strange' || order === 'unclear')) {
      keepLoginOnce(paths.orphansDir, target.name, before, new Date());
    }
    if (before !== text) replaceFile(copy, text, { sync: false });
    // The next call compares the times, and sees that the copy is up to date.
    utimesSync(copy, stats.atime, Math.round(stats.mtimeMs) / 1000);
    return 'kept';
  } catch {
    return 'not-kept'; // no login, a full disk
  }
}

/**
 * Puts the copy back into the vault when another tool has changed the vault: it has an older login of the same account, a
 * file that is no login, or no file. A file that Codex may be writing now is not changed. A vault that is a Codex home and
 * has no file is not changed either: Codex has logged out there.
 * @param options.lockMs how long to wait for a process that refreshes the token.
 * @returns a line for the user when the copy was put back.
 */
export async function restoreLastGood(
  paths: Paths,
  target: Target,
  owner: Owner,
  { now, lockMs = LOCK_MS }: { now: Date; lockMs?: number },
): Promise<string | undefined> {
  const authFile = authFileOf(target);
  const lock = await awaitLock(accountLock(paths, target.name), lockMs);
  if (lock === undefined) return undefined;
  try {
    const copy = readLastGood(authFile, owner);
    const held = readCredential(authFile);
    const what = held === undefined ? findLoss(paths, target) : findDamage(held, copy, now);
    if (copy === undefined || what === undefined) return undefined;
    putLogin(authFile, copy, (former) => keepLoginOnce(paths.orphansDir, target.name, former, now));
    return `${what} the directory of ${target.name}; its last good login was put back`;
  } finally {
    lock.release();
  }
}

function findLoss({ sharedHome }: Paths, target: Target): string | undefined {
  const isLost = !isThere(authFileOf(target)) && !isSamePlace(target.vault, sharedHome);
  return isLost ? 'auth.json was gone from' : undefined;
}

function findDamage(
  held: { text: string; stats: Stats },
  copy: string | undefined,
  now: Date,
): string | undefined {
  if (compareLogins(copy ?? '', held.text) === 'newer') {
    return 'another program has written an older login into';
  }
  const isSpoilt =
    readLogin(held.text).kind === 'broken' && now.getTime() - held.stats.mtimeMs > SETTLED_MS;
  return isSpoilt ? 'another program has written a text that is no login into' : undefined;
}

/** Longer than a refresh takes. */
const LOCK_MS = 10_000;
/** Codex up to 0.160 writes in place: for a moment the file is empty. */
const SETTLED_MS = 60_000;

/** The copy, if it is a login of this account. */
export function readLastGood(authFile: string, owner: Owner): string | undefined {
  const text = readCredential(lastGoodOf(authFile))?.text ?? '';
  return isOf(text, owner) ? text : undefined;
}

type Owner = Pick<Identity, 'userId' | 'accountId'>;

function isOf(text: string, owner: Owner): boolean {
  const identity = identityIn(text);
  return identity !== undefined && isSameIdentity(identity, owner);
}

function isInStep(vault: Stats, copy: Stats | undefined): boolean {
  return copy?.size === vault.size && Math.abs(copy.mtimeMs - Math.round(vault.mtimeMs)) < 1;
}
