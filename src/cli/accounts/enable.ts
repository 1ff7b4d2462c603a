import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { updateConfig } from '../../state/config-store.ts';
import { type Context, findTarget, readReconciledConfig, requireConfig } from '../context.ts';
import { putShim } from '../set-up/install-shim.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';

export function enableCommand(context: Context): Command {
  return new Command('enable')
    .description('switch codex-hotswap on for plain `codex`, or switch one target on')
    .argument('[target]', 'switch on this target only: sessions may choose it again')
    .option('--shim-path <file>', 'where to put the shim, if it is not installed')
    .addHelpText('after', '\nExample:\n  codex-hotswap enable && hash -r')
    .action(async (name: string | undefined, options: { shimPath?: string }) => {
      const config = await readReconciledConfig(context);
      if (name !== undefined) return switchTarget(context, name, true);
      putShim(context, options.shimPath);
      // After an uninstall plain codex has a copy of the login. The first copy that is refreshed ends the other (fact 15).
      linkSharedHome(context, config);
      rmSync(context.paths.disabledFlag, { force: true });
      context.say('codex-hotswap is on: plain codex continues after a usage limit');
    });
}

/** Lets sessions choose a target, or not. Its login stays either way. @throws HotswapError `unknown-target`. */
export async function switchTarget(
  context: Context,
  name: string,
  enabled: boolean,
): Promise<void> {
  findTarget(requireConfig(context), name);
  await updateConfig(context.paths, (config) => ({
    ...config,
    targets: config.targets.map((target) =>
      target.name === name ? { ...target, enabled } : target,
    ),
  }));
  context.say(enabled ? `${name} is on` : `${name} is off: no new session chooses it`);
}
