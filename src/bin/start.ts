import { join } from 'node:path';
import { loadWithCodeCache } from '../state/code-cache.ts';
import { stateDirOf } from '../state/state-dir.ts';

type Launcher = typeof import('../launch/launch.ts');

/**
 * Loads the launcher and calls it. If the launcher cannot be loaded (a damaged installation), the real codex runs alone, with
 * one line on stderr. This file stays small, because V8 compiles it in each start.
 * @param candidate the path of the real codex, if the shim has found it.
 */
export async function start(
  candidate: string | undefined,
  args: string[],
  wishes: { wait?: boolean } = {},
): Promise<void> {
  let launcher: Launcher;
  try {
    const file = join(import.meta.dirname, '../launch/launch.js');
    const cache = join(stateDirOf(process.env, process.env.HOME ?? ''), 'launcher.code');
    launcher = loadWithCodeCache(file, cache) as Launcher;
  } catch (error) {
    const { readTyped, reasonOf, runAlone } = await import('../launch/run-alone.ts');
    return runAlone(readTyped(candidate, args), reasonOf(error));
  }
  await launcher.launchTyped(candidate, args, {
    ...wishes,
    pickThread: async (question) => (await import('../cli/thread-list.ts')).pickThread(question),
  });
}
