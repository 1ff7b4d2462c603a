import { join } from 'node:path';
import type { Config, Target } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { type AccountState, readAccountState } from './account-state.ts';
import type { KnownVault } from './place-login.ts';
import { authFileOf, inspectVault, type VaultState } from './vault.ts';

/** Everything a choice among targets looks at. */
export interface Standing {
  target: Target;
  vault: VaultState;
  state: AccountState;
  /** The lock of its account (see state/lock.ts). */
  lock?: string;
}

/** What stands for the right to change an account's login: one process at a time may refresh or replace it. */
export function accountLock({ locksDir }: Pick<Paths, 'locksDir'>, target: string): string {
  return join(locksDir, target);
}

/** How every configured target stands, in the order of the configuration. */
export function readStandings(paths: Paths, config: Config): { standings: Standing[] } {
  const standings = config.targets.map((target) => {
    const { state } = readAccountState(paths, target.name);
    return { target, vault: inspectVault(target), state, lock: accountLock(paths, target.name) };
  });
  return { standings };
}

/** The vaults in which a stray login may belong, each with the identity on record; none that others could change. */
export function listVaults(standings: readonly Standing[]): KnownVault[] {
  return standings
    .filter(({ vault }) => vault.kind !== 'unsafe')
    .map(({ target, state, lock }) => ({
      name: target.name,
      authFile: authFileOf(target),
      identity: state.identity,
      ...(lock === undefined ? {} : { lock }),
    }));
}
