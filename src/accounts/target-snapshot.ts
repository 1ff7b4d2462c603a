import { join } from 'node:path';
import type { Config, Target } from '../state/config.ts';
import type { JsonFault } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { type AccountState, readAccountState } from './account-state.ts';
import type { KnownVault } from './place-login.ts';
import { authFileOf, inspectVault, type VaultState } from './vault.ts';
import { inodeKeyOf } from './vault-home.ts';

/** A target as it was read at one moment: everything that a choice looks at. */
export interface TargetSnapshot {
  target: Target;
  vault: VaultState;
  state: AccountState;
  /** What is wrong with the file of the state. */
  fault?: JsonFault;
  /** The lock of its account (see state/lock.ts). */
  lock?: string;
}

/** The lock of an account: one process at a time may refresh or replace its login. */
export function accountLock({ locksDir }: Pick<Paths, 'locksDir'>, target: string): string {
  return join(locksDir, target);
}

/** Reads every configured target, in the order of the configuration. */
export function readTargets(paths: Paths, config: Config): TargetSnapshot[] {
  const owners = new Map<string, Target>();
  return config.targets.map((target) => {
    const inode = inodeKeyOf(target.vault);
    const twin = inode === undefined ? undefined : owners.get(inode);
    const vault = twin === undefined ? inspectVault(target) : refuseTwin(target, twin);
    if (inode !== undefined && vault.kind !== 'unsafe') owners.set(inode, target);
    const read = readAccountState(paths, target.name);
    return { target, vault, ...read, lock: accountLock(paths, target.name) };
  });
}

/** Two paths lead to one directory, by a link above it, say. One login would be taken for two. */
function refuseTwin({ name, vault }: Target, twin: Target): VaultState {
  return {
    kind: 'unsafe',
    reason: `${vault} is the vault of ${twin.name}, by another path`,
    advice: `name another directory in the configuration, or run: codex-hotswap remove ${name}`,
  };
}

/** The vaults in which a login may belong, each with the account on record. A vault that other users can change is left out. */
export function listVaults(snapshots: readonly TargetSnapshot[]): KnownVault[] {
  return snapshots
    .filter(({ vault }) => vault.kind !== 'unsafe')
    .map(({ target, state, lock }) => ({
      name: target.name,
      authFile: authFileOf(target),
      identity: state.identity,
      ...(lock === undefined ? {} : { lock }),
    }));
}
