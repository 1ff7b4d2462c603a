import { Command } from 'commander';
import { ensurePrivateDir, replaceFile } from '../../state/files.ts';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { linkSharedHomeFor } from '../set-up/link-shared-home.ts';
import { switchTarget } from './switch-target.ts';

export function disableCommand(context: Context): Command {
  return new Command('disable')
    .description(
      'switch codex-hotswap off (plain `codex` runs alone, under the current target), or one target',
    )
    .argument('[target]', 'only keep this target from being chosen')
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap disable   # and back on: codex-hotswap enable',
    )
    .action(async (name: string | undefined) => {
      if (name !== undefined) return switchTarget(context, name, false);
      // Before the configuration is read, so that a broken one does not prevent it.
      ensurePrivateDir(context.paths.stateDir);
      replaceFile(context.paths.disabledFlag, '');
      context.say('codex-hotswap is off: plain codex runs alone (codex-hot is still supervised)');
      const config = await readReconciledConfig(context);
      return linkSharedHomeFor(context, config, findTarget(config, currentName(context, config)));
    });
}
