import { Command } from 'commander';
import { findShims } from '../../launch/shim-place.ts';
import { readShimRecord, removeShimRecord } from '../../state/shim-record.ts';
import type { Context } from '../context.ts';
import { STALE_SHELL } from './install-shim.ts';
import { removeShim } from './shim-file.ts';
import { removePathLines } from './start-file.ts';

export function uninstallShimCommand(context: Context): Command {
  return new Command('uninstall-shim')
    .description('make `codex` the real Codex again; accounts and settings stay')
    .option('--shim-path <file>', 'the shim to remove, if it is not on PATH')
    .addHelpText('after', '\nExample:\n  codex-hotswap uninstall-shim && hash -r')
    .action((options: { shimPath?: string }) => {
      const removed = takeShimAway(context, options.shimPath);
      context.say(removed > 0 ? STALE_SHELL : 'no shim is installed');
    });
}

/**
 * Removes our shims, or the one at `chosen`, and our line in the start-up files of the shells.
 * @returns the number of shims and lines that were removed.
 */
export function takeShimAway(context: Context, chosen?: string): number {
  const { env, paths, say, warn } = context;
  const found = chosen === undefined ? findShims(env, paths) : [chosen];
  const shims = found.filter((path) => removeShim(path) === 'removed');
  for (const path of shims) say(`removed ${path}`);
  if (findShims(env, paths).length > 0) return shims.length; // the line still serves the other shim
  const lines = removePathLines(env, paths.home, readShimRecord(paths)?.startFile);
  for (const file of lines.removed) say(`removed our line from ${file}`);
  for (const fault of lines.faults) warn(fault);
  removeShimRecord(paths);
  return shims.length + lines.removed.length;
}
