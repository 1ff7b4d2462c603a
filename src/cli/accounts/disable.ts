import { Command } from 'commander';
import { ensurePrivateDir, replaceFile } from '../../state/files.ts';
import { type Context, isSetUp, readReconciledConfig } from '../context.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';
import { switchTarget } from './enable.ts';

export function disableCommand(context: Context): Command {
  return new Command('disable')
    .description(
      'switch codex-hotswap off: `codex` runs alone, under the current account; or switch one account off',
    )
    .argument('[account]', 'switch off this account only: no new session chooses it')
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap disable   # to switch it on again: codex-hotswap enable',
    )
    .action(async (name: string | undefined) => {
      if (name !== undefined) return switchTarget(context, name, false);
      // Before the configuration is read, because a broken one must not prevent it.
      ensurePrivateDir(context.paths.stateDir);
      replaceFile(context.paths.disabledFlag, '');
      context.say('codex-hotswap is off: `codex` runs alone (codex-hot is still supervised)');
      if (isSetUp(context)) linkSharedHome(context, await readReconciledConfig(context));
    });
}
