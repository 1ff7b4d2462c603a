import { removeAccountState } from '../../accounts/account-state.ts';
import { inspectVault } from '../../accounts/vault.ts';
import { refuseVaultHome } from '../../accounts/vault-home.ts';
import { type Config, defaultVault, isTargetName } from '../../state/config.ts';
import { updateConfig } from '../../state/config-store.ts';
import type { Context } from '../context.ts';

/**
 * Makes a target if it does not exist. Returns the configuration with it.
 * @throws HotswapError `bad-vault` when its vault would be the Codex home.
 */
export function addTarget({ paths }: Context, name: string): Promise<Config> {
  return updateConfig(paths, (config) => {
    if (config.targets.some((known) => known.name === name)) return config;
    const target = { name, vault: defaultVault(paths, name), enabled: true };
    refuseVaultHome(paths.sharedHome, [target]);
    // The record may be of a former target of this name, with another account.
    if (inspectVault(target).kind === 'empty') removeAccountState(paths, name);
    return { ...config, targets: [...config.targets, target] };
  });
}

/** A free name with a number. */
export function suggestName(config: Config | undefined, prefix = 'acc'): string {
  const taken = new Set(config?.targets.map(({ name }) => name.toLowerCase()));
  for (let number = 1; ; number++) {
    if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`;
  }
}

/** What is wrong with a name for a new target; undefined when it can be used. */
export function whyNoName(name: string, config: Config | undefined): string | undefined {
  if (!isTargetName(name)) return 'Use 1 to 64 letters, digits, ".", "_" or "-", not only dots.';
  const isTaken = config?.targets.some(
    (target) => target.name.toLowerCase() === name.toLowerCase(),
  );
  return isTaken ? 'There is a target of this name already.' : undefined;
}
