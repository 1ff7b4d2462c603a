import { chmodSync } from 'node:fs';
import { dropUndefined } from '../codex/json.ts';
import { HotswapError } from '../errors.ts';
import type { Config, Target } from '../state/config.ts';
import { ensurePrivateDir } from '../state/files.ts';
import { blockForLock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { changeRecords } from '../state/records.ts';
import {
  changeAccountState,
  clearMarks,
  readAccountState,
  recordIdentity,
  writeAccountState,
} from './account-state.ts';
import { compareLogins } from './compare-logins.ts';
import { discardLogin } from './credential/discard.ts';
import { putLogin } from './credential/put.ts';
import { keepLogin } from './keep-login.ts';
import { keepLastGood, lastGoodOf } from './last-good.ts';
import { describeIdentity, type Identity, isSameIdentity, readLogin } from './login.ts';
import { findOwner, ownerOf } from './owner.ts';
import { accountLock, type TargetSnapshot } from './target-snapshot.ts';
import { assertVaultDir, authFileOf } from './vault.ts';

export interface InstallRequest {
  paths: Paths;
  config: Config;
  snapshots: readonly TargetSnapshot[];
  /** The target that the user logged in for. */
  target: Target;
  authContent: string;
  /** The target may get another account. */
  replaceAccount?: boolean;
  /** The account may come from another target, which then has no login. */
  move?: boolean;
  /** Whether a session works under a target: then the target keeps its login. */
  isUsed?(target: Target): boolean;
  /** How long to wait for a running refresh, milliseconds; default 30,000. */
  lockMs?: number;
}

export interface Installation {
  kind: 'installed' | 'renewed' | 'replaced-account' | 'moved';
  identity: Identity;
  authFile: string;
  /** The target that had the account before a move. */
  movedFrom?: string;
  /** The file with the login of the replaced account. */
  orphan?: string;
}

/**
 * Puts a new login into the vault of a target, in one rename: `renewed` for the target's own account, `installed` for an
 * empty target. The login of another account in that vault becomes an orphan. Removes the mark `needs-login`.
 * @throws HotswapError `identity-clash` when another target has the account, or the target has another account; `in-use`
 * when a session would lose its login, or during a refresh of the token; `login-failed` when the content is no login. It
 * has changed nothing then.
 */
export function installLogin(request: InstallRequest): Installation {
  return underLock(request, request.target, () => install(request));
}

function underLock<Result>(
  { paths, lockMs = LOCK_MS }: InstallRequest,
  { name }: Target,
  act: () => Result,
): Result {
  const lock = blockForLock(accountLock(paths, name), lockMs);
  if (lock === undefined) {
    throw new HotswapError(
      'in-use',
      `the login of ${name} is being refreshed`,
      'try again in a moment',
    );
  }
  try {
    return act();
  } finally {
    lock.release();
  }
}

/** A refresh takes a second. Codex up to 0.160 would write the refreshed token over the new login (fact 12). */
const LOCK_MS = 30_000;

function install(request: InstallRequest): Installation {
  const { snapshots, target, authContent } = request;
  const read = readLogin(authContent);
  if (read.kind === 'broken') {
    throw new HotswapError('login-failed', `the new login ${read.reason}`, 'log in again');
  }
  const { identity } = read.login;
  const others = snapshots.filter((snapshot) => snapshot.target.name !== target.name);
  const twin = findOwner(others, identity);
  if (twin !== undefined && !request.move) throw clash(identity, twin, target);
  const before = snapshots.find((snapshot) => snapshot.target.name === target.name);
  const owner = before && ownerOf(before);
  const isRenewal = owner !== undefined && isSameIdentity(owner, identity);
  const change = { identity, twin, owner, isRenewal };
  if (owner !== undefined && !isRenewal && !request.replaceAccount) {
    throw new HotswapError(
      'identity-clash',
      `you logged in as ${describeIdentity(identity)}, but ${target.name} is ${describeIdentity(owner)}`,
      'give the new account a name of its own, or log in with the account that has this name',
    );
  }
  if (twin === undefined) return put(request, change);
  return underLock(request, twin.target, () => put(request, change));
}

interface Change {
  identity: Identity;
  /** The other target that has the account. */
  twin: TargetSnapshot | undefined;
  /** The former account of the target. */
  owner: Identity | undefined;
  isRenewal: boolean;
}

function put(request: InstallRequest, { identity, twin, owner, isRenewal }: Change): Installation {
  const { paths, target, authContent } = request;
  const losers = [
    ...(twin === undefined ? [] : [twin.target]),
    ...(owner === undefined || isRenewal ? [] : [target]),
  ];
  const used = losers.find((loser) => request.isUsed?.(loser));
  if (used !== undefined) throw inUse(used);
  assertVaultDir(target);
  ensurePrivateDir(target.vault);
  chmodSync(target.vault, 0o700);
  const authFile = authFileOf(target);
  const orphan = putAndKeep(request, authFile, identity);
  if (isRenewal) {
    recordIdentity(paths, target.name, identity);
    clearMarks(paths, target.name, ['needs-login']);
  } else {
    // The recorded marks and usage belong to another account.
    writeAccountState(paths, { version: 1, target: target.name, identity, marks: [] });
  }
  if (twin !== undefined) emptyTwin(paths, twin, target, authContent);
  const kind = isRenewal ? 'renewed' : owner === undefined ? 'installed' : 'replaced-account';
  return {
    kind: twin === undefined ? kind : 'moved',
    identity,
    authFile,
    ...dropUndefined({ movedFrom: twin?.target.name, orphan }),
  };
}

/** The error of a command that would take its login from a target with a session. */
export function inUse({ name }: Target): HotswapError {
  return new HotswapError(
    'in-use',
    `a session runs under ${name}, so its login was not changed`,
    'end the session first, then log in again',
  );
}

function clash(identity: Identity, twin: TargetSnapshot, target: Target): HotswapError {
  return new HotswapError(
    'identity-clash',
    `${describeIdentity(identity)} is already the account of ${twin.target.name}, so ${target.name} was not changed`,
    `log in with another account, or use: codex-hotswap login ${twin.target.name} (to move the account to ${target.name}: --move)`,
  );
}

/** Moves the limits of the account, too. Its former login is older than the installed one, so it is deleted. */
function emptyTwin(paths: Paths, twin: TargetSnapshot, target: Target, authContent: string): void {
  changeRecords(paths, () => {
    // A session may have met a limit since the command began.
    const { marks, usage } = readAccountState(paths, twin.target.name).state;
    const moved = marks.filter(({ kind }) => kind !== 'needs-login' && kind !== 'manual');
    changeAccountState(paths, target.name, (state) => ({
      ...state,
      marks: [...state.marks, ...moved],
      ...dropUndefined({ usage }),
    }));
    const keep = (text: string) =>
      compareLogins(authContent, text) === 'newer'
        ? authFileOf(target)
        : keepLogin(paths.orphansDir, twin.target.name, text, new Date());
    for (const file of [authFileOf(twin.target), lastGoodOf(authFileOf(twin.target))]) {
      discardLogin(file, keep);
    }
    writeAccountState(paths, { version: 1, target: twin.target.name, marks: [] });
  });
}

/** @returns the file with the former login, when it belongs to another account. */
function putAndKeep(
  { paths, target, authContent }: InstallRequest,
  authFile: string,
  identity: Identity,
): string | undefined {
  let orphan: string | undefined;
  putLogin(authFile, authContent, (former) => {
    const order = compareLogins(authContent, former);
    if (order === 'newer') return undefined; // the refresh token of the former login is spent
    const kept = keepLogin(paths.orphansDir, target.name, former, new Date());
    if (order === 'strange' && readLogin(former).kind === 'login') orphan = kept;
    return kept;
  });
  keepLastGood(paths, target, identity);
  return orphan;
}
