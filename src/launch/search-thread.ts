import { type ExecInvocation, readPromptAndSession } from '../codex/argv.ts';
import { listRolloutsByDate, mayHaveStartedSince } from '../codex/rollout-dates.ts';
import { readSessionMeta } from '../codex/rollout-file.ts';
import { isThreadId, type OpenThread, parseThreadId } from '../codex/thread-files.ts';
import { readThreadPreview, shortenPrompt } from '../codex/thread-preview.ts';
import { isRunning, type LaunchRecord } from '../registry/launch-record.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { workingDirectory } from './working-directory.ts';

export interface ThreadQuestion {
  sharedHome: string;
  invocation: ExecInvocation;
  /** The directory in which the child was started. */
  cwd: string;
  startedAtMs: number;
  /** The other launches on record. */
  others: readonly LaunchRecord[];
}

/**
 * Searches the thread of an exec that has ended before we saw its thread. It is the thread that the command line names. Else it
 * is the only thread that an exec has begun since then, in this directory, with this prompt, and that no other launch may have.
 * @returns `none` when the exec had no thread; `unknown` when we cannot tell.
 */
export async function searchThread(
  question: ThreadQuestion,
): Promise<OpenThread | 'none' | 'unknown'> {
  const { sharedHome, invocation, startedAtMs, others } = question;
  const { session, prompt } = readPromptAndSession(invocation);
  if (invocation.command === 'exec resume') return findNamed(sharedHome, session);
  const directory = canonicalDirectory(workingDirectory(question));
  const taken = new Set(others.flatMap(({ segments }) => segments.map(({ thread }) => thread)));
  const found: OpenThread[] = [];
  for (const rollout of listRolloutsByDate(sharedHome)) {
    if (!mayHaveStartedSince(rollout, startedAtMs)) break;
    const threadId = parseThreadId(rollout);
    if (threadId === undefined || taken.has(threadId)) continue;
    const meta = await readSessionMeta(rollout).catch(() => undefined);
    if (meta?.source !== 'exec' || meta.cwd === undefined) continue;
    if (canonicalDirectory(meta.cwd) !== directory) continue;
    found.push({ threadId, rollout, cwd: meta.cwd });
  }
  if (found.length === 0) return 'none';
  // A fork begins with the prompt of its parent. A prompt from stdin is not known.
  if (invocation.command !== 'exec' || prompt === undefined || prompt === '-') return 'unknown';
  const previews = await Promise.all(found.map(({ rollout }) => readThreadPreview(rollout)));
  const asked = shortenPrompt(prompt);
  // A thread whose prompt is not on record yet may belong to any of them.
  if (previews.includes(undefined)) return 'unknown';
  const [own, ...more] = found.filter((_, index) => previews[index] === asked);
  if (own === undefined) return 'none';
  return more.length > 0 || others.some(mayHaveBegunIt) ? 'unknown' : own;

  /** A running exec whose thread we have not seen yet. */
  function mayHaveBegunIt(launch: LaunchRecord): boolean {
    return launch.mode === 'exec' && launch.thread === undefined && isRunning(launch);
  }
}

/** Codex itself finds the thread for a name or for `--last`. */
function findNamed(sharedHome: string, session: string | undefined): OpenThread | 'unknown' {
  const threadId = session?.toLowerCase();
  if (threadId === undefined || !isThreadId(threadId)) return 'unknown';
  for (const rollout of listRolloutsByDate(sharedHome)) {
    if (parseThreadId(rollout) === threadId) return { threadId, rollout };
  }
  return 'unknown';
}
