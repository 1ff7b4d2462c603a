import { lstatSync } from 'node:fs';
import { findRunningLogin } from '../codex/running-login.ts';
import type { Paths } from '../state/paths.ts';
import { addMark, readAccountState } from './account-state.ts';
import { readCredential } from './credential-file.ts';
import { linkTarget } from './credential-link.ts';
import { keepLogin } from './keep-login.ts';
import { readLastLink, writeLastLink } from './last-link.ts';
import { listLeftovers, settleLeftover } from './leftovers.ts';
import { describeIdentity, identityIn } from './login.ts';
import { activeMarks } from './marks.ts';
import { isAccountOf } from './owner.ts';
import { absorbLogin } from './place-login.ts';
import { linkSharedAuth, sharedAuth } from './shared-login.ts';
import { listVaults, type TargetSnapshot } from './target-snapshot.ts';
import { authFileOf } from './vault.ts';
import { vaultOfHome } from './vault-home.ts';

/** What was found. */
export interface Notice {
  /** For the user. */
  lines: string[];
  /** Targets whose login may be revoked: the service is to be asked before anything is called so. */
  doubted: string[];
}

/**
 * Notices that the link in the shared home has gone. A logout of plain Codex, and its login before it begins, revoke the
 * account and remove the link; so do tools that revoke nothing (a dotfile manager, a switcher). The vault is intact either
 * way: the link is put back, and the service has to be asked. A new login in its place is a file of its own (see
 * linked.ts): one of an account we know goes to its vault, one of a stranger stays where it is.
 * @param options.isLaunch one of the accounts is about to be used: no second copy of its login may be.
 * @throws the file errors.
 */
export function noticeLogout(
  paths: Paths,
  standings: readonly TargetSnapshot[],
  now: Date,
  { isLaunch = false }: { isLaunch?: boolean } = {},
): Notice {
  const file = sharedAuth(paths);
  settleLeftovers(paths, standings, now);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) {
    const target = linkTarget(file);
    const isOurs = standings.some((standing) => authFileOf(standing.target) === target);
    if (isOurs) writeLastLink(paths, target);
    return NOTHING;
  }
  const targets = standings.map(({ target }) => target);
  if (vaultOfHome(paths.sharedHome, targets) !== undefined) return NOTHING;
  const linked = readLastLink(paths);
  const newcomer = identityIn(readCredential(file)?.text ?? '');
  if (typeof linked !== 'string') {
    // After `uninstall` it is a copy, and for plain codex to keep until we are used again.
    if (newcomer !== undefined && (linked === null || isLaunch)) {
      placeAndLink(paths, standings, file, now);
    }
    return NOTHING;
  }
  const left = standings.find(({ target }) => authFileOf(target) === linked);
  const name = left?.target.name ?? '';
  if (left !== undefined && newcomer !== undefined && isAccountOf(left, newcomer)) {
    placeAndLink(paths, standings, file, now);
    return tell(`${name} was logged in to anew by plain codex; its vault has that login now`);
  }
  // Without a login there was nothing to be revoked: it was moved away by hand.
  const doubted = left?.vault.kind === 'ready' ? [name] : [];
  if (stats === undefined && left?.vault.kind === 'ready') {
    // It has removed the link, and writes through whatever is there when it ends.
    if (findRunningLogin(paths.sharedHome) !== undefined) return { lines: [], doubted };
    linkSharedAuth(paths, linked);
    return {
      lines: [
        `the link ${file} was removed; the login of ${name} is still here, so the link was put back, and the service is asked whether that login still works`,
      ],
      doubted,
    };
  }
  writeLastLink(paths, null);
  if (newcomer === undefined) return { lines: [], doubted };
  const who = describeIdentity(newcomer);
  const placed = placeAndLink(paths, standings, file, now);
  if (left?.vault.kind === 'empty') return NOTHING;
  return {
    lines: [
      placed === undefined
        ? `plain codex is logged in as ${who}, which is no target's account; to make it one: codex-hotswap import --as NAME`
        : `plain codex is logged in as ${who}; ${placed} has that login now`,
    ],
    doubted,
  };
}

const NOTHING: Notice = { lines: [], doubted: [] };

function tell(line: string): Notice {
  return { lines: [line], doubted: [] };
}

/**
 * Puts on record that an account was logged out, unless it is already. @returns a line for the user if it was news.
 * @param how in words, for the user.
 */
export function markLoggedOut(paths: Paths, target: string, how: string, now: Date): string[] {
  const at = Math.floor(now.getTime() / 1000);
  const { state } = readAccountState(paths, target);
  if (activeMarks(state, at).some(({ kind }) => kind === 'needs-login')) return [];
  addMark(paths, target, { kind: 'needs-login', at, until: null, message: how });
  return [`${target}: ${how}; to use it again: codex-hotswap login ${target}`];
}

/** @returns the target whose login it is; undefined when it is nobody's, or which is newer cannot be told. */
function placeAndLink(
  paths: Paths,
  standings: readonly TargetSnapshot[],
  file: string,
  now: Date,
): string | undefined {
  let authFile: string | undefined;
  const placed = absorbLogin(file, listVaults(standings), {
    keep: (loser, vault) => keepLogin(paths.orphansDir, vault, loser, now),
    linkTo: (vault) => {
      authFile = vault.authFile;
      return vault.authFile;
    },
  });
  if (placed === undefined || placed.kind === 'unplaced' || authFile === undefined)
    return undefined;
  writeLastLink(paths, authFile);
  return placed.vault;
}

/** What a process that died has put aside gets its name again, or its place in a vault. */
function settleLeftovers(paths: Paths, standings: readonly TargetSnapshot[], now: Date): void {
  const file = sharedAuth(paths);
  for (const aside of listLeftovers(paths.sharedHome)) {
    const vaults = listVaults(standings);
    const places = { vaults, orphansDir: paths.orphansDir, label: 'codex-home', now };
    const placed = settleLeftover(aside, file, places);
    if (placed === undefined || placed.kind === 'unplaced') continue;
    const owner = standings.find(({ target }) => target.name === placed.vault);
    const isFree = lstatSync(file, { throwIfNoEntry: false }) === undefined;
    if (owner !== undefined && isFree) linkSharedAuth(paths, authFileOf(owner.target));
  }
}
