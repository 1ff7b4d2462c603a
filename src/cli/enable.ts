import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { type Context, requireConfig } from './context.ts';
import { putShim } from './install-shim.ts';

export function enableCommand(context: Context): Command {
  return new Command('enable')
    .description('switch codex-hotswap on for plain `codex`; installs the shim if it is missing')
    .option('--shim-path <file>', 'where the shim goes')
    .addHelpText('after', '\nExample:\n  codex-hotswap enable && hash -r')
    .action((options: { shimPath?: string }) => {
      requireConfig(context);
      putShim(context, options.shimPath);
      rmSync(context.paths.disabledFlag, { force: true });
      context.say('codex-hotswap is on: plain codex outlives a usage limit');
    });
}
