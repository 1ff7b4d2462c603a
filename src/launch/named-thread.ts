import type { SessionInvocation } from '../codex/argv.ts';
import { pinThread } from '../codex/resume-argv.ts';
import { isThreadId } from '../codex/thread-files.ts';
import { readThreadNames } from '../codex/thread-names.ts';
import type { KnownThread } from '../registry/known-threads.ts';
import type { Paths } from '../state/paths.ts';

/**
 * `codex resume <name>`: the thread on record that has this name, the last used one of several. By a name Codex finds the
 * threads of one account only (fact 59).
 * @param known the last used first.
 * @returns the thread's id, and the command line with the id instead of the name; undefined for an id and an unknown name.
 */
export function findNamedThread(
  name: string,
  known: readonly KnownThread[],
  { invocation, paths }: { invocation: SessionInvocation; paths: Paths },
): { id: string; invocation: SessionInvocation } | undefined {
  if (isThreadId(name) || invocation.ambiguous) return undefined;
  const names = readThreadNames(paths.sharedHome);
  const id = known.find(({ thread }) => names.get(thread) === name)?.thread;
  if (id === undefined) return undefined;
  const [, ...prompt] = invocation.positionals;
  return { id, invocation: pinThread({ ...invocation, positionals: prompt }, id) };
}
