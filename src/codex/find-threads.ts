import { stat } from 'node:fs/promises';
import { listRolloutsByDate } from './rollout-dates.ts';
import { readSessionMeta } from './rollout-file.ts';
import { parseThreadId } from './thread-files.ts';

/** A thread in the shared home that can be resumed: not archived, no sub-agent's. */
export interface StoredThread {
  id: string;
  rollout: string;
  cwd: string | undefined;
  /** `cli`, `vscode`, `exec`, … */
  source: string | undefined;
  /** Of the last line, epoch milliseconds. */
  updatedAt: number;
}

export interface ThreadSearch {
  codexHome: string;
  /** Rollouts to look at as well: their threads may be older than those found by date. */
  known: readonly string[];
  fits(thread: StoredThread): boolean;
  limit: number;
}

/** Of the newest threads, so many are looked at. */
const MAX_FILES = 1000;
const MAX_OPENED = 400;

/** The threads that fit, of any account, the last written first. Reads only the first line of a rollout. */
export async function findThreads(search: ThreadSearch): Promise<StoredThread[]> {
  const files = new Set(search.known);
  for (const rollout of listRolloutsByDate(search.codexHome)) {
    if (files.size >= MAX_FILES + search.known.length) break;
    files.add(rollout);
  }
  const dated = await Promise.all([...files].map(readDate));
  const byDate = dated
    .filter((file) => file !== undefined)
    .toSorted((a, b) => b.updatedAt - a.updatedAt)
    .slice(0, MAX_OPENED);
  const found = new Map<string, StoredThread>();
  for (const { rollout, updatedAt } of byDate) {
    if (found.size >= search.limit) break;
    const thread = await describeThread(rollout, updatedAt);
    if (thread === undefined || found.has(thread.id) || !search.fits(thread)) continue;
    found.set(thread.id, thread);
  }
  return [...found.values()];
}

async function readDate(rollout: string) {
  const stats = await stat(rollout).catch(() => undefined);
  return stats?.isFile() ? { rollout, updatedAt: stats.mtimeMs } : undefined;
}

async function describeThread(
  rollout: string,
  updatedAt: number,
): Promise<StoredThread | undefined> {
  const id = parseThreadId(rollout);
  const meta = await readSessionMeta(rollout).catch(() => undefined);
  if (id === undefined || meta === undefined || meta.subagent) return undefined;
  return { id, rollout, cwd: meta.cwd, source: meta.source, updatedAt };
}
