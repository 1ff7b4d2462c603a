import { lstatSync, type Stats, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Target } from '../state/config.ts';
import { replaceFile } from '../state/files.ts';
import { awaitLock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { readAccountState } from './account-state.ts';
import { compareLogins } from './compare-logins.ts';
import { putLogin } from './credential/put.ts';
import { readCredential } from './credential/read.ts';
import { keepLogin } from './keep-login.ts';
import { type Identity, isSameIdentity, readLogin } from './login.ts';
import { accountLock } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';
import { isSamePlace } from './vault-home.ts';

/** A copy beside a vault's auth.json: the last login of its own account that we saw there. Codex does not read it. */
export const LAST_GOOD = 'auth.json.last-good';

export function lastGoodOf(authFile: string): string {
  return join(dirname(authFile), LAST_GOOD);
}

/**
 * Keeps a copy (0600) of a vault's login, as another tool may write its own account through our link. A copy is replaced by
 * a newer login of the same account only. Costs two lstat when the copy is up to date. Never throws.
 * @param owner whose account the vault is; default: the record. A foreign login is not copied.
 * @returns `older` when the vault holds an older login of its account than the copy.
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
    if (before !== '' && order === 'strange') {
      keepLogin(paths.orphansDir, target.name, before, new Date());
    }
    if (before !== text) replaceFile(copy, text, { sync: false });
    // By this time the next call sees that the copy is up to date.
    utimesSync(copy, stats.atime, Math.round(stats.mtimeMs) / 1000);
    return 'kept';
  } catch {
    return 'not-kept'; // no login, a full disk
  }
}

/**
 * Puts the copy back where the vault holds an older login of the same account, something that is no login, or no file: then
 * another tool has changed it. A file that Codex may just be writing is left alone. So is a vault that is a Codex home: there
 * Codex has logged out.
 * @param options.lockMs how long a process that refreshes the token is waited for.
 * @returns a line for the user when it was put back.
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
    putLogin(authFile, copy, (former) => keepLogin(paths.orphansDir, target.name, former, now));
    return `${what} the vault of ${target.name}; its last good login was put back`;
  } finally {
    lock.release();
  }
}

function findLoss({ sharedHome }: Paths, target: Target): string | undefined {
  const isThere = lstatSync(authFileOf(target), { throwIfNoEntry: false }) !== undefined;
  return isThere || isSamePlace(target.vault, sharedHome) ? undefined : 'auth.json was gone from';
}

function findDamage(
  held: { text: string; stats: Stats },
  copy: string | undefined,
  now: Date,
): string | undefined {
  if (compareLogins(copy ?? '', held.text) === 'newer') {
    return 'an older login of its account was written into';
  }
  const isSpoilt =
    readLogin(held.text).kind === 'broken' && now.getTime() - held.stats.mtimeMs > SETTLED_MS;
  return isSpoilt ? 'something that is no login was written into' : undefined;
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
  const read = readLogin(text);
  return read.kind === 'login' && isSameIdentity(read.login.identity, owner);
}

function isInStep(vault: Stats, copy: Stats | undefined): boolean {
  return copy?.size === vault.size && Math.abs(copy.mtimeMs - Math.round(vault.mtimeMs)) < 1;
}
