import { join } from 'node:path';
import type { Config, Target } from '../state/config.ts';
import type { JsonFault } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { type AccountState, readAccountState } from './account-state.ts';
import type { Mark } from './marks.ts';
import type { KnownVault } from './place-login.ts';
import { authFileOf, inspectVault, type VaultState } from './vault.ts';
import { inodeKeyOf } from './vault-home.ts';

/** A target at one moment: every fact that the choice of an account needs. */
export interface TargetSnapshot {
  target: Target;
  vault: VaultState;
  state: AccountState;
  /** The fault of the state's file. */
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
    const { state, ...read } = readAccountState(paths, target.name);
    return {
      target,
      vault,
      state: shortenUnknown(state, config),
      ...read,
      lock: accountLock(paths, target.name),
    };
  });
}

/**
 * A refusal without a full window is a short rest. Version 0.1.0 let it rest until the time of its sentence, which may be days
 * away, and no figures end such a mark.
 */
function shortenUnknown(state: AccountState, { cooldownMinutes }: Config): AccountState {
  const shorten = (mark: Mark): Mark => {
    if (mark.kind !== 'unknown' || mark.until === null) return mark;
    return { ...mark, until: Math.min(mark.until, Math.round(mark.at + cooldownMinutes * 60)) };
  };
  return { ...state, marks: state.marks.map(shorten) };
}

/** Two paths lead to one directory, for example through a link. Its login must not count as two. */
function refuseTwin({ name, vault }: Target, twin: Target): VaultState {
  return {
    kind: 'unsafe',
    reason: `${vault} is the directory of ${twin.name}, named by another path`,
    advice: `name another directory in the configuration, or run: codex-hotswap remove ${name}`,
  };
}

/** The vaults that a login may belong to, with the recorded accounts. Leaves out a vault that other users can change. */
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
