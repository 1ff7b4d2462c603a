import { lstatSync, readdirSync } from 'node:fs';
import { type Config, defaultVault, isTargetName, type Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import { ensurePrivateDir } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { writeAccountState } from './account-state.ts';
import { putLogin } from './credential/put.ts';
import { keepLogin } from './keep-login.ts';
import type { Identity, Login } from './login.ts';
import { authFileOf } from './vault.ts';

/**
 * Makes a target for a login. The target is switched off, so that no session uses it without the user's consent. The file
 * of the login stays: the caller discards it.
 */
export async function keepAsTarget(
  paths: Paths,
  text: string,
  { identity }: Pick<Login, 'identity'>,
): Promise<{ config: Config; target: Target }> {
  let target: Target | undefined;
  const config = await updateConfig(paths, (before) => {
    const name = nameFor(identity, before, paths);
    target = { name, vault: defaultVault(paths, name), enabled: false };
    // The record comes before the configuration: after an interruption it tells the account of the vault.
    writeAccountState(paths, { version: 1, target: name, identity, marks: [] });
    return { ...before, targets: [...before.targets, target] };
  });
  const made = target as Target | undefined;
  if (made === undefined) throw new Error('the configuration was not changed');
  ensurePrivateDir(made.vault);
  putLogin(authFileOf(made), text, (former) =>
    keepLogin(paths.orphansDir, made.name, former, new Date()),
  );
  return { config, target: made };
}

/** For the user: where the login is, and how to use it. */
export function tellKept(name: string): string {
  return `kept as account ${name}, switched off; to use it: codex-hotswap enable ${name}; to give it another name: codex-hotswap rename ${name} NAME`;
}

/** A free name: the part of the e-mail before the @, else `login`; with a number when the name is taken. */
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
