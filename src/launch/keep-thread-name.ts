import { statSync } from 'node:fs';
import { askAppServer } from '../codex/app-server.ts';
import { readThreadNames, readUnansweredPrompt, setThreadName } from '../codex/thread-names.ts';
import type { ChildPlan } from '../handoff/effects.ts';
import type { SessionThread } from '../handoff/session-thread.ts';
import type { Slot } from '../overlay/slot.ts';

/** An app-server that sets a name takes 0.15 s. The handoff waits no longer than this. */
const NAME_MS = 1500;
/** A thread without an answer is small, unless its prompt has images. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Before a successor resumes a thread that has no name: Codex would name it after the successor's prompt, `continue`
 * (fact 101). A thread without an answer gets its first prompt as its name, and a copy gets the name of its original. No
 * child lives, so no other process writes the thread. Never throws: a handoff does not fail because of a name.
 * @param plan of the successor.
 */
export async function keepThreadName(
  thread: SessionThread,
  { home, sharedHome }: Slot,
  { file, env }: Pick<ChildPlan, 'file' | 'env'>,
): Promise<void> {
  const { id } = thread;
  const names = readThreadNames(sharedHome);
  if (names.has(id)) return;
  const name = await findName(thread, names).catch(() => undefined);
  if (name === undefined) return;
  // In the directory of the user a project's settings would count.
  const server = { file, env, cwd: home, timeoutMs: NAME_MS };
  await askAppServer(server, [setThreadName(id, name)]);
}

async function findName(
  { rollout, copyOf }: SessionThread,
  names: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  if (copyOf !== undefined) return names.get(copyOf);
  return statSync(rollout).size > MOST_BYTES ? undefined : readUnansweredPrompt(rollout);
}
