import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { removeAccountState } from '../accounts/account-state.ts';
import { writeCurrent } from '../accounts/current.ts';
import { unprimeSharedAuth } from '../accounts/prime.ts';
import type { Config, Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import { type Context, currentName, findTarget, settledConfig } from './context.ts';
import { refuseWhileUsed } from './live-sessions.ts';
import { primeFor } from './prime.ts';
import { removeVault } from './remove-vault.ts';

export function removeCommand(context: Context): Command {
  return new Command('remove')
    .alias('forget')
    .description('forget a target and its login here; the account itself is not logged out')
    .argument('<target>', 'its name')
    .option('--force', 'even while a session lives on it')
    .addHelpText('after', '\nExample:\n  codex-hotswap remove acc3')
    .action(async (name: string, options: { force?: boolean }) => {
      const config = await settledConfig(context);
      const target = findTarget(config, name);
      if (!options.force) refuseWhileUsed(context.paths, target, 'remove it');
      await forgetTarget(context, config, target);
    });
}

/** Takes a target out of the configuration first, so that nothing chooses it while its login goes. */
export async function forgetTarget(
  context: Context,
  config: Config,
  target: Target,
): Promise<void> {
  const { paths, say } = context;
  const wasCurrent = currentName(context, config) === target.name;
  const rest = await updateConfig(paths, (before) => ({
    ...before,
    targets: before.targets.filter(({ name }) => name !== target.name),
  }));
  const [first] = rest.targets;
  if (first !== undefined && wasCurrent) writeCurrent(paths, first.name);
  const left = removeVault(target.vault);
  removeAccountState(paths, target.name);
  // What leads nowhere now would look to plain codex like a login that cannot be read.
  if (!existsSync(join(paths.sharedHome, 'auth.json'))) unprimeSharedAuth(paths);
  if (first !== undefined) primeFor(context, rest, findTarget(rest, currentName(context, rest)));

  say(`${target.name} is forgotten; its account was not logged out`);
  if (left.length > 0) say(`${target.vault} stays, for it holds ${left.join(', ')}`);
  if (first !== undefined && wasCurrent) say(`new sessions start with ${first.name}`);
}
