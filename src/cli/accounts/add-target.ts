import { removeAccountState } from '../../accounts/account-state.ts';
import { inspectVault } from '../../accounts/vault.ts';
import { refuseVaultHome } from '../../accounts/vault-home.ts';
import { type Config, defaultVault, isTargetName } from '../../state/config.ts';
import { updateConfig } from '../../state/config-store.ts';
import type { Context } from '../context.ts';
import { refuseOtherCase } from '../names.ts';
import { askText } from '../prompts.ts';

/**
 * Adds a target with the default vault, unless it exists.
 * @returns the configuration with the target.
 * @throws HotswapError `bad-vault` when the vault would be the Codex home; `usage` when the name differs only in case.
 */
export function addTarget({ paths }: Context, name: string): Promise<Config> {
  return updateConfig(paths, (config) => {
    if (config.targets.some((known) => known.name === name)) return config;
    refuseOtherCase(config, name);
    const target = { name, vault: defaultVault(paths, name), enabled: true };
    refuseVaultHome(paths.sharedHome, [target]);
    // The record may come from a removed target of this name, which had another account.
    if (inspectVault(target).kind === 'empty') removeAccountState(paths, name);
    return { ...config, targets: [...config.targets, target] };
  });
}

/** The first of acc1, acc2, … that no target has. */
export function suggestName(config: Config | undefined): string {
  const taken = new Set(config?.targets.map(({ name }) => name.toLowerCase()));
  for (let number = 1; ; number++) {
    if (!taken.has(`acc${number}`)) return `acc${number}`;
  }
}

/** Asks for the name of a new target. @throws HotswapError `cancelled`. */
export function askName(
  question: string,
  initial: string,
  config: Config | undefined,
): Promise<string> {
  return askText(question, { initial, check: (name) => whyNoName(name, config) });
}

/** Why a new target cannot have this name; undefined when it can. */
function whyNoName(name: string, config: Config | undefined): string | undefined {
  if (!isTargetName(name)) return 'Use 1 to 64 letters, digits, ".", "_" or "-", not only dots.';
  const isTaken = config?.targets.some(
    (target) => target.name.toLowerCase() === name.toLowerCase(),
  );
  return isTaken ? 'An account has this name already.' : undefined;
}
