import { Command } from 'commander';
import type { Context } from '../context.ts';
import { STALE_SHELL } from './install-shim.ts';
import { removeShim } from './shim-file.ts';
import { findShims } from './shim-place.ts';

export function uninstallShimCommand(context: Context): Command {
  return new Command('uninstall-shim')
    .description('make plain `codex` the real Codex again; accounts and settings stay')
    .option('--shim-path <file>', 'the shim to remove, if it is not on PATH')
    .addHelpText('after', '\nExample:\n  codex-hotswap uninstall-shim && hash -r')
    .action((options: { shimPath?: string }) => {
      const { env, paths, say } = context;
      const found =
        options.shimPath === undefined ? findShims(env, paths.home) : [options.shimPath];
      const removed = found.filter((path) => removeShim(path) === 'removed');
      for (const path of removed) say(`removed ${path}`);
      say(removed.length > 0 ? STALE_SHELL : 'no shim is installed');
    });
}
