import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { type Invocation, listFlagValues } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';

/** What tells where Codex works. */
export interface WorkPlace {
  invocation: Invocation;
  /** Where Codex is started. */
  cwd: string;
  /** The directory of a thread that is resumed, which outranks the command line. */
  directory?: string | undefined;
}

/** Where Codex works: its working directory, or what `-C` names. Codex resolves no link in that (fact 43). */
export function workingDirectory({ invocation, cwd, directory }: WorkPlace): string {
  return directory ?? resolve(cwd, listFlagValues(invocation, 'cd').at(-1) ?? '.');
}

/**
 * For a handoff, while a Codex runs that could not be started there any more. In another directory its successor would
 * have another sandbox, so the session stays.
 * @throws HotswapError `no-usable-target`
 */
export function requireDirectory(place: WorkPlace): void {
  for (const directory of [place.cwd, workingDirectory(place)]) {
    try {
      accessSync(directory, constants.X_OK);
    } catch {
      throw new HotswapError(
        'no-usable-target',
        `the directory ${directory} is gone, or may not be entered`,
        'no limit moves this session',
      );
    }
  }
}
