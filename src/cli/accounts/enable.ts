import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { putShim } from '../set-up/install-shim.ts';
import { linkSharedHomeFor } from '../set-up/link-shared-home.ts';
import { switchTarget } from './switch-target.ts';

export function enableCommand(context: Context): Command {
  return new Command('enable')
    .description(
      'switch codex-hotswap on for plain `codex` (the shim is installed if missing), or one target',
    )
    .argument('[target]', 'only let this target be chosen again')
    .option('--shim-path <file>', 'where the shim goes')
    .addHelpText('after', '\nExample:\n  codex-hotswap enable && hash -r')
    .action(async (name: string | undefined, options: { shimPath?: string }) => {
      const config = await readReconciledConfig(context);
      if (name !== undefined) return switchTarget(context, name, true);
      putShim(context, options.shimPath);
      // After an uninstall plain Codex has a copy of its own. Of two copies one loses its login at a refresh.
      linkSharedHomeFor(context, config, findTarget(config, currentName(context, config)));
      rmSync(context.paths.disabledFlag, { force: true });
      context.say('codex-hotswap is on: plain codex outlives a usage limit');
    });
}
