import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Paths } from '../state/paths.ts';
import { addMark, readAccountState } from './account-state.ts';
import { keepLogin } from './keep-login.ts';
import { readLinked, writeLinked } from './linked.ts';
import { describeIdentity, type Identity, isSameIdentity, readLogin } from './login.ts';
import { activeMarks } from './marks.ts';
import { placeLogin } from './place-login.ts';
import { linkSharedAuth, linkTarget } from './prime.ts';
import { listVaults, type Standing } from './standing.ts';
import { authFileOf } from './vault.ts';

/**
 * Notices that plain Codex (an IDE, a `codex` past the shim) was logged out, or logged in anew, in the shared home. It
 * revokes the account whose link it found and removes the link; a new login is then a file of its own (see linked.ts).
 * The account is marked, once; a login of an account we know goes to its vault, one of a stranger stays where it is.
 * @param options.isLaunch one of the accounts is about to be used: no second copy of its login may be.
 * @returns lines for the user.
 * @throws what writing an account's state throws.
 */
export function noticeLogout(
  paths: Paths,
  standings: readonly Standing[],
  now: Date,
  { isLaunch = false }: { isLaunch?: boolean } = {},
): string[] {
  const file = join(paths.sharedHome, 'auth.json');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) {
    const target = linkTarget(file);
    const isOurs = standings.some((standing) => authFileOf(standing.target) === target);
    if (isOurs) writeLinked(paths, target);
    return [];
  }
  const linked = readLinked(paths);
  const login = readNewLogin(file, stats);
  if (typeof linked !== 'string') {
    // After `uninstall` it is a copy, and for plain codex to keep until we are used again.
    if (login !== undefined && (linked === null || isLaunch)) {
      placeAndLink(paths, standings, login.text, now);
    }
    return [];
  }
  const left = standings.find(({ target }) => authFileOf(target) === linked);
  if (left !== undefined && login !== undefined && isAccountOf(left, login.identity)) {
    placeAndLink(paths, standings, login.text, now);
    return [
      `${left.target.name} was logged in to anew by plain codex; its vault has that login now`,
    ];
  }
  writeLinked(paths, null);
  if (left?.vault.kind === 'empty') {
    // Without a login there was nothing to be revoked: it was moved away by hand.
    if (login !== undefined) placeAndLink(paths, standings, login.text, now);
    return [];
  }
  const lines = left === undefined ? [] : markLoggedOut(paths, left.target.name, HOW, now);
  if (login === undefined) return lines;
  const who = describeIdentity(login.identity);
  const placed = placeAndLink(paths, standings, login.text, now);
  lines.push(
    placed === undefined
      ? `plain codex is logged in as ${who}, which is no target's account; to make it one: codex-hotswap import --as NAME`
      : `plain codex is logged in as ${who}; ${placed} has that login now`,
  );
  return lines;
}

const HOW = 'plain codex was logged out, which revokes the account everywhere';

/**
 * Puts on record that an account was logged out, unless it is already. @returns a line for the user if it was news.
 * @param how in words, for the user.
 */
export function markLoggedOut(paths: Paths, target: string, how: string, now: Date): string[] {
  const at = Math.floor(now.getTime() / 1000);
  const { state } = readAccountState(paths, target, now);
  if (activeMarks(state, at).some(({ kind }) => kind === 'needs-login')) return [];
  addMark(paths, target, { kind: 'needs-login', at, until: null, message: how });
  return [`${target}: ${how}; to use it again: codex-hotswap login ${target}`];
}

function readNewLogin(
  file: string,
  stats: Stats | undefined,
): { text: string; identity: Identity } | undefined {
  if (!stats?.isFile()) return undefined;
  const text = readFileSync(file, 'utf8');
  const read = readLogin(text);
  return read.kind === 'login' ? { text, identity: read.login.identity } : undefined;
}

function isAccountOf({ vault, state }: Standing, identity: Identity): boolean {
  const owner = state.identity ?? (vault.kind === 'ready' ? vault.identity : undefined);
  return owner !== undefined && isSameIdentity(owner, identity);
}

/** @returns the target whose login it is; undefined when it is nobody's, or which is newer cannot be told. */
function placeAndLink(
  paths: Paths,
  standings: readonly Standing[],
  text: string,
  now: Date,
): string | undefined {
  const vaults = listVaults(standings);
  const placed = placeLogin(
    text,
    vaults,
    (loser, vault) => void keepLogin(paths.orphansDir, vault, loser, now),
  );
  if (placed.kind === 'unplaced') return undefined;
  const vault = vaults.find(({ name }) => name === placed.vault);
  if (vault !== undefined) linkSharedAuth(paths, vault.authFile);
  return placed.vault;
}
