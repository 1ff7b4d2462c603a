import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HotswapError } from '../errors.ts';
import { type Config, defaultVault, isTargetName, type Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import { ensurePrivateDir } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { clearMarks, recordIdentity, writeAccountState } from './account-state.ts';
import { keepLogin, moveLogin } from './keep-login.ts';
import { describeIdentity, type Identity, isSameIdentity, type Login } from './login.ts';
import { markLoggedOut } from './notice-logout.ts';
import { linkSharedAuth, linkTarget } from './prime.ts';
import type { Standing } from './standing.ts';
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

/**
 * Moves a stranger's login out of the vault it was written into: to the vault of the target whose account it is, if it is
 * the newer of the two (the other is kept), else into a vault of its own, as a target that is switched off. The target
 * it pushed out needs a new login. What an interruption leaves half done, the next call takes up again.
 * @returns the configuration afterwards, and lines for the user.
 */
export async function moveStranger(
  paths: Paths,
  config: Config,
  stranger: Stranger,
  standings: readonly Standing[],
  now: Date,
): Promise<{ config: Config; lines: string[] }> {
  const { target, vault } = stranger;
  const who = describeIdentity(vault.identity);
  markLoggedOut(paths, target.name, `its vault was given the login of ${who}`, now);
  const owner = standings.find(
    (standing) => standing !== stranger && isAccountOf(standing, vault.identity),
  );
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

/** Makes a login file the vault of a target of its own, switched off, so that nothing uses it unasked. */
export async function keepAsTarget(
  paths: Paths,
  file: string,
  { identity }: Pick<Login, 'identity'>,
): Promise<{ config: Config; target: Target }> {
  let target: Target | undefined;
  const config = await updateConfig(paths, (before) => {
    const name = nameFor(identity, before, paths);
    target = { name, vault: defaultVault(paths, name), enabled: false };
    // Before the configuration names it: should we be interrupted, the record tells whose vault that is.
    writeAccountState(paths, { version: 1, target: name, identity, marks: [] });
    return { ...before, targets: [...before.targets, target] };
  });
  const made = target as Target | undefined;
  if (made === undefined) throw new Error('the configuration was not changed');
  ensurePrivateDir(made.vault);
  moveLogin(file, authFileOf(made));
  return { config, target: made };
}

/** What a person can do with a login that was kept. */
export function tellKept(name: string): string {
  return `kept as target ${name}, switched off: codex-hotswap enable ${name} to use it, rename ${name} NAME to call it otherwise`;
}

/** A name that is free, after the e-mail. */
export function nameFor(identity: Identity, config: Config, paths: Paths): string {
  const wanted = (identity.email ?? '').replace(/@.*/, '').replace(/[^A-Za-z0-9._-]/g, '-');
  const base = isTargetName(wanted) ? wanted.slice(0, 60) : undefined;
  const taken = new Set(config.targets.map(({ name }) => name.toLowerCase()));
  for (let count = base === undefined ? 2 : 1; ; count++) {
    const name = count === 1 ? (base as string) : `${base ?? 'login'}-${count}`;
    if (!taken.has(name.toLowerCase()) && isFree(defaultVault(paths, name))) return name;
  }
}

function isFree(vault: string): boolean {
  const stats = lstatSync(vault, { throwIfNoEntry: false });
  return stats === undefined || (stats.isDirectory() && readdirSync(vault).length === 0);
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
