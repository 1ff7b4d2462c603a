import { dirname } from 'node:path';
import { Command } from 'commander';
import { HotswapError } from '../../errors.ts';
import { reachOf } from '../../launch/shim-place.ts';
import { readConfig } from '../../state/config.ts';
import { readShimRecord, writeShimRecord } from '../../state/shim-record.ts';
import type { Context } from '../context.ts';
import { askYesNo, isInteractive } from '../prompts.ts';
import { linkSharedHome } from './link-shared-home.ts';
import { findRecordableCodex, installShim, removeShim } from './shim-file.ts';
import { chooseShimPath, findMisplacedShims } from './shim-place.ts';
import { addPathLine, findStartFile, pathLine, type StartFile } from './start-file.ts';

export interface ShimOptions {
  shimPath?: string;
  /** Whether the line for PATH is added to the shell's start-up file. Undefined: a person is asked. */
  rc?: boolean;
}

/** The options of every command that installs the shim. */
export function addShimOptions(command: Command): Command {
  return command
    .option('--shim-path <file>', 'where to put the shim (default: a directory of its own)')
    .option('--rc', "add the line that puts the shim first on PATH to your shell's start-up file")
    .option('--no-rc', 'do not add it, and do not ask');
}

export function installShimCommand(context: Context): Command {
  const command = new Command('install-shim').description(
    'make `codex` run through codex-hotswap, by a shim that comes first on PATH',
  );
  return addShimOptions(command)
    .addHelpText('after', '\nExample:\n  codex-hotswap install-shim --rc')
    .action(async (options: ShimOptions) => {
      await putShim(context, options);
      // After an uninstall the shared home has a copy of the login. The first copy that is refreshed ends the other (fact 15).
      linkSharedHome(context, readConfig(context.paths));
    });
}

/**
 * Installs the shim, and sees to it that a new shell finds it: adds a line to the shell's start-up file, or prints the line.
 * @returns whether the start-up file has the line, so that a new shell finds the shim. This shell may not find it yet.
 * @throws HotswapError `usage`, `not-our-shim`, `home-unwritable`, `cancelled`.
 */
export async function putShim(context: Context, options: ShimOptions = {}): Promise<boolean> {
  const { env, paths, say } = context;
  const path = chooseShimPath(env, paths, options.shimPath);
  const before = readShimRecord(paths);
  const codex = findRecordableCodex(env) ?? before?.codex;
  const outcome = installShim(path, env, codex);
  writeShimRecord(paths, { ...before, shim: path, ...(codex !== undefined && { codex }) });
  say(`shim ${outcome === 'unchanged' ? 'is already' : outcome} at ${path}`);
  const isFirst = reachOf(path, env).kind === 'first';
  if (isFirst && outcome === 'created') say(STALE_SHELL);
  const hasLine =
    (!isFirst || options.rc === true) && (await putFirstOnPath(context, path, options.rc));
  for (const old of findMisplacedShims(env, paths)) {
    if (old !== path) retire(context, old, isFirst);
  }
  return hasLine;
}

/**
 * Adds the line to the start-up file, or prints it when that is not wished, not known, or not possible.
 * @returns whether the file has the line.
 */
async function putFirstOnPath(context: Context, shim: string, rc?: boolean): Promise<boolean> {
  const { env, paths, say, warn } = context;
  const line = pathLine(dirname(shim), env, paths.home);
  const file = findStartFile(env, paths.home);
  const reach = reachOf(shim, env);
  if (reach.kind === 'shadowed') say(`${reach.by} comes before it on PATH`);
  if (reach.kind === 'off-path') say('its directory is not on PATH yet');
  if (file !== undefined && (rc ?? (await askForLine(context, file, line)))) {
    try {
      const outcome = addPathLine(file, line);
      writeShimRecord(paths, { ...readShimRecord(paths), shim, startFile: file.path });
      say(`${OUTCOMES[outcome]} ${file.shown}: ${line}`);
      say('open a new shell to use it');
      return true;
    } catch (error) {
      if (!(error instanceof HotswapError)) throw error;
      warn(error.message);
    }
  }
  say(`add this line at the end of ${file?.shown ?? '~/.profile'} and open a new shell:`);
  say(`  ${line}`);
  return false;
}

/** Shows the line before it is written. */
async function askForLine({ say }: Context, file: StartFile, line: string): Promise<boolean> {
  if (!isInteractive()) return false;
  say(`this line at the end of ${file.shown} puts it first:`);
  say(`  ${line}`);
  return askYesNo(`Add the line to ${file.shown}?`);
}

const OUTCOMES = {
  added: 'added to',
  moved: 'moved to the end of',
  unchanged: 'this is the last line already of',
};

/** Removes a shim that an installer of Codex would overwrite, as soon as a shell finds the new shim without it. */
function retire({ say }: Context, old: string, isReplaced: boolean): void {
  if (isReplaced && removeShim(old) === 'removed') {
    return say(`removed the shim ${old}: installers of Codex put codex there`);
  }
  say(
    `the shim ${old} still works, but an installer of Codex would overwrite it; in a new shell, run again: codex-hotswap install-shim`,
  );
}

/** A shell remembers where it found codex. */
export const STALE_SHELL = 'in a shell that has run codex before, type: hash -r';
