import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HotswapError } from '../errors.ts';
import type { Config } from '../state/config.ts';
import { ensurePrivateDir } from '../state/files.ts';
import { awaitLock, type Lock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { clearMarks, recordIdentity } from './account-state.ts';
import { keepAsTarget, tellKept } from './keep-as-target.ts';
import { keepLogin, moveLogin } from './keep-login.ts';
import { describeIdentity, type Identity, isSameIdentity } from './login.ts';
import { markLoggedOut } from './notice-logout.ts';
import { linkSharedAuth, linkTarget } from './prime.ts';
import { accountLock, readStandings, type Standing } from './standing.ts';
import { authFileOf } from './vault.ts';

/** A vault that holds another account than its target's. */
export type Stranger = Standing & { vault: Extract<Standing['vault'], { kind: 'ready' }> };

/** Whether a login was written into this vault behind our back, through a link: by an IDE, or with an API key. */
export function isStranger(standing: Standing): standing is Stranger {
  const { vault, state } = standing;
  return (
    vault.kind === 'ready' &&
    state.identity !== undefined &&
    !isSameIdentity(vault.identity, state.identity)
  );
}

/** The configuration afterwards, and lines for the user. */
type Move = { config: Config; lines: string[] };

/**
 * Moves a stranger's login out of the vault it was written into: to the vault of the target whose account it is, if it is
 * the newer of the two (the other is kept), else into a vault of its own, as a target that is switched off. The target
 * it pushed out needs a new login. What an interruption leaves half done, the next call takes up again.
 * @param options.lockMs how long somebody who refreshes a token of either vault is waited for.
 */
export async function moveStranger(
  paths: Paths,
  config: Config,
  stranger: Stranger,
  { now, lockMs = LOCK_MS }: { now: Date; lockMs?: number },
): Promise<Move> {
  const { target, vault } = stranger;
  const owner = findOwner(paths, config, stranger);
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

/** Longer than a refresh takes. Codex up to 0.160 writes what it got over whatever it finds (fact 1.3). */
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
  { stranger, names }: { stranger: Stranger; names: readonly string[] },
  now: Date,
): Promise<Move> {
  const { target, vault } = stranger;
  const owner = findOwner(paths, config, stranger);
  const isLocked = owner === undefined || names.includes(owner.target.name);
  // What has changed while we waited is for the next look.
  if (!isThereStill(paths, config, stranger) || !isLocked) return { config, lines: [] };
  const who = describeIdentity(vault.identity);
  markLoggedOut(paths, target.name, `its vault was given the login of ${who}`, now);
  const again = `${target.name} needs a new login: codex-hotswap login ${target.name}`;
  if (owner !== undefined) {
    const file = moveToOwner(paths, stranger, owner, now);
    followLink(paths, vault.authFile, file);
    const line = `a login as ${who}, made past codex-hotswap, was in the vault of ${target.name} and is that of ${owner.target.name} now; ${again}`;
    return { config, lines: [line] };
  }
  const kept = await keepAsTarget(paths, vault.authFile, vault);
  followLink(paths, vault.authFile, authFileOf(kept.target));
  return {
    config: kept.config,
    lines: [
      `found a new login, ${who}, in the vault of ${target.name}; ${tellKept(kept.target.name)}; ${again}`,
    ],
  };
}

function isThereStill(paths: Paths, config: Config, { target, vault }: Stranger): boolean {
  const { standings } = readStandings(paths, config);
  const found = standings.find((standing) => standing.target.name === target.name);
  return (
    found !== undefined &&
    isStranger(found) &&
    isSameIdentity(found.vault.identity, vault.identity) &&
    found.vault.issuedAt === vault.issuedAt
  );
}

/** How the target stands whose account a stranger's login is. */
function findOwner(paths: Paths, config: Config, stranger: Stranger): Standing | undefined {
  const { standings } = readStandings(paths, config);
  return standings.find(
    (standing) =>
      standing.target.name !== stranger.target.name &&
      isAccountOf(standing, stranger.vault.identity),
  );
}

function moveToOwner(paths: Paths, { vault }: Stranger, owner: Standing, now: Date): string {
  const { target, vault: held } = owner;
  if (held.kind === 'unsafe') throw new HotswapError('unsafe-path', held.reason, held.advice);
  const file = authFileOf(target);
  const keep = (from: string) =>
    keepLogin(paths.orphansDir, target.name, readFileSync(from, 'utf8'), now);
  const isHeld = held.kind === 'ready' && isSameIdentity(held.identity, vault.identity);
  if (isHeld && held.issuedAt >= vault.issuedAt) {
    moveLogin(vault.authFile, keep(vault.authFile));
    return file;
  }
  if (held.kind !== 'empty') keep(file);
  ensurePrivateDir(target.vault);
  moveLogin(vault.authFile, file);
  recordIdentity(paths, target.name, vault.identity);
  clearMarks(paths, target.name, ['needs-login']);
  return file;
}

// The IDE that logged in goes on under the login it made.
function followLink(paths: Paths, from: string, to: string): void {
  const link = join(paths.sharedHome, 'auth.json');
  const stats = lstatSync(link, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() && linkTarget(link) === from) linkSharedAuth(paths, to);
}

function isAccountOf({ vault, state }: Standing, identity: Identity): boolean {
  const owner = state.identity ?? (vault.kind === 'ready' ? vault.identity : undefined);
  return owner !== undefined && isSameIdentity(owner, identity);
}
