import { dirname } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../../state/config.ts';
import { type Context, currentName, findTarget } from '../context.ts';
import { linkSharedHomeFor } from './link-shared-home.ts';
import { installShim } from './shim-file.ts';
import { chooseShimPath, pathLine, profileOf, reachOf } from './shim-place.ts';

export function installShimCommand(context: Context): Command {
  return new Command('install-shim')
    .description('make plain `codex` run through codex-hotswap')
    .option(
      '--shim-path <file>',
      'where to put it (default: an early directory of PATH, or one of its own)',
    )
    .addHelpText('after', '\nExample:\n  codex-hotswap install-shim && hash -r')
    .action((options: { shimPath?: string }) => {
      putShim(context, options.shimPath);
      const config = readConfig(context.paths);
      if (config === undefined || config.targets.length === 0) return;
      // After an uninstall plain Codex has its own copy of a login; the refresh of one copy ends the other (fact 15).
      linkSharedHomeFor(context, config, findTarget(config, currentName(context, config)));
    });
}

/** Installs the shim, and prints what the user must do so that a shell finds it. @returns its path. */
export function putShim(context: Context, chosen?: string): string {
  const { env, paths, say } = context;
  const path = chosen ?? chooseShimPath(env, paths.home);
  const outcome = installShim(path, env);
  say(`shim ${outcome === 'unchanged' ? 'is already' : outcome} at ${path}`);
  const reach = reachOf(path, env);
  if (reach.kind === 'first') {
    if (outcome === 'created') say('a shell that has run codex before needs: hash -r');
  } else {
    const why =
      reach.kind === 'shadowed' ? `${reach.by} comes first on PATH` : 'it is not on PATH yet';
    say(`${why}; add this line at the end of ${profileOf(env)} and open a new shell:`);
    say(`  ${pathLine(dirname(path), env, paths.home)}`);
  }
  return path;
}
