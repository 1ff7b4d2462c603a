import { dirname } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../../state/config.ts';
import type { Context } from '../context.ts';
import { linkSharedHome } from './link-shared-home.ts';
import { installShim } from './shim-file.ts';
import { chooseShimPath, pathLine, profileOf, reachOf } from './shim-place.ts';

export function installShimCommand(context: Context): Command {
  return new Command('install-shim')
    .description('make plain `codex` run through codex-hotswap')
    .option(
      '--shim-path <file>',
      'where to put the shim (default: an early directory of PATH, or our own directory)',
    )
    .addHelpText('after', '\nExample:\n  codex-hotswap install-shim && hash -r')
    .action((options: { shimPath?: string }) => {
      putShim(context, options.shimPath);
      // After an uninstall plain codex has a copy of the login. The first copy that is refreshed ends the other (fact 15).
      linkSharedHome(context, readConfig(context.paths));
    });
}

/** Installs the shim, and prints what the user must do so that a shell finds it. @param chosen the path for a new shim. */
export function putShim(context: Context, chosen?: string): void {
  const { env, paths, say } = context;
  const path = chosen ?? chooseShimPath(env, paths.home);
  const outcome = installShim(path, env);
  say(`shim ${outcome === 'unchanged' ? 'is already' : outcome} at ${path}`);
  const reach = reachOf(path, env);
  if (reach.kind === 'first') {
    if (outcome === 'created') say(STALE_SHELL);
  } else {
    const why =
      reach.kind === 'shadowed' ? `${reach.by} comes first on PATH` : 'it is not on PATH yet';
    say(`${why}; add this line at the end of ${profileOf(env)} and open a new shell:`);
    say(`  ${pathLine(dirname(path), env, paths.home)}`);
  }
}

/** A shell remembers where it found codex. */
export const STALE_SHELL = 'in a shell that has run codex before, type: hash -r';
