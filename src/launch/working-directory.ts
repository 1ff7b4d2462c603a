import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { type Invocation, listFlagValues } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';

/** The facts that decide the working directory of Codex. */
export interface WorkPlace {
  invocation: Invocation;
  /** The directory in which Codex is started. */
  cwd: string;
  /** The directory of a thread that is resumed, which outranks the command line. */
  directory?: string | undefined;
}

/**
 * The working directory of Codex: the directory of `-C`, else that of its start. Codex resolves no link in it (fact 43). An
 * app-server takes no notice of `-C`.
 */
export function workingDirectory({ invocation, cwd, directory }: WorkPlace): string {
  const named = invocation.mode === 'app-server' ? [] : listFlagValues(invocation, 'cd');
  return directory ?? resolve(cwd, named.at(-1) ?? '.');
}

/**
 * Refuses a handoff when the directory of the running Codex cannot be entered any more. In another directory the next Codex
 * would have another sandbox.
 * @throws HotswapError `no-usable-target`
 */
export function requireDirectory(place: WorkPlace): void {
  for (const directory of [place.cwd, workingDirectory(place)]) {
    try {
      accessSync(directory, constants.X_OK);
    } catch {
      throw new HotswapError(
        'no-usable-target',
        `the directory ${directory} is missing or cannot be entered`,
        'the session stays under its account',
      );
    }
  }
}
