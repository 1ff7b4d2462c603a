import { lstatSync, renameSync } from 'node:fs';
import { Command } from 'commander';
import {
  readAccountState,
  removeAccountState,
  writeAccountState,
} from '../accounts/account-state.ts';
import { renameInCurrent } from '../accounts/current.ts';
import { validateTargetName } from '../accounts/vault.ts';
import { HotswapError } from '../errors.ts';
import { type Config, defaultVault, type Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import type { Paths } from '../state/paths.ts';
import { type Context, currentName, findTarget, settledConfig } from './context.ts';
import { refuseWhileUsed } from './live-sessions.ts';
import { primeFor } from './prime.ts';

export function renameCommand(context: Context): Command {
  return new Command('rename')
    .description('give a target another name; its login goes with it')
    .argument('<target>', 'its name now')
    .argument('<name>', 'its new name')
    .option('--force', 'even while a session lives on it')
    .addHelpText('after', '\nExample:\n  codex-hotswap rename acc1 main')
    .action((from: string, to: string, options: { force?: boolean }) =>
      rename(context, from, to, options.force ?? false),
    );
}

/**
 * Vault, record, configuration, in this order: what an interruption leaves half done, the same command takes up again,
 * for the configuration, which says what the name is, comes last.
 */
async function rename(context: Context, from: string, to: string, force: boolean): Promise<void> {
  const { paths, say } = context;
  validateTargetName(to);
  const config = await settledConfig(context);
  const target = findTarget(config, from);
  refuseTaken(config, target, to);
  if (!force) refuseWhileUsed(paths, target, 'rename it');

  const vault = moveVault(paths, target, to);
  const { state } = readAccountState(paths, from);
  writeAccountState(paths, { ...state, target: to });
  const renamed = await updateConfig(paths, (before) => ({
    ...before,
    targets: before.targets.map((known) =>
      known.name === from ? { ...known, name: to, vault } : known,
    ),
  }));
  renameInCurrent(paths, from, to);
  if (from !== to) removeAccountState(paths, from);
  primeFor(context, renamed, findTarget(renamed, currentName(context, renamed)));
  say(`${from} is called ${to} now`);
}

function refuseTaken(config: Config, target: Target, name: string): void {
  const taken = config.targets.some(
    (known) => known !== target && known.name.toLowerCase() === name.toLowerCase(),
  );
  if (!taken && target.name !== name) return;
  throw new HotswapError(
    'usage',
    taken ? `there is a target called ${name} already` : `it is called ${name} already`,
    'choose another name',
  );
}

/** A vault in the usual place follows its name; one that was put elsewhere stays. Returns where it is then. */
function moveVault(paths: Paths, target: Target, name: string): string {
  if (target.vault !== defaultVault(paths, target.name)) return target.vault;
  const vault = defaultVault(paths, name);
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (!isThere(target.vault)) return vault; // never made, or moved before an interruption
  if (isThere(vault)) {
    throw new HotswapError(
      'usage',
      `${vault} exists already`,
      'move it away, or choose another name',
    );
  }
  renameSync(target.vault, vault);
  return vault;
}
