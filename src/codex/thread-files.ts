import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { readSessionMeta } from './rollout-file.ts';

export interface OpenThread {
  threadId: string;
  /** The rollout as the kernel names it: links resolved, so a path in the shared home. */
  rollout: string;
  cwd?: string;
}

/**
 * The thread a Codex works on: of the rollouts it has open (fact M8: the TUI's own process with `--no-daemon`, and
 * exec), the one not of a sub-agent that was written last. Undefined before the first turn, and for a process gone.
 */
export async function findOpenThread(pid: number): Promise<OpenThread | undefined> {
  const rollouts = await Promise.all((await openRollouts(pid)).map(describeRollout));
  const newest = rollouts
    .filter((rollout) => rollout !== undefined)
    .toSorted((a, b) => b.modifiedMs - a.modifiedMs)[0];
  return newest?.thread;
}

/** The rollouts that a process, or a descendant of it (the npm launcher stands in between), has open. */
export async function openRollouts(pid: number): Promise<string[]> {
  return (await openFiles(pid)).filter((file) => threadIdOf(file) !== undefined);
}

/** The ids of the threads whose writer lock a process or a descendant has open (facts 3). */
export async function heldThreadLocks(pid: number): Promise<string[]> {
  const held = (await openFiles(pid)).map((file) => LOCK.exec(file)?.[1]);
  return held.filter((id) => id !== undefined);
}

/** The thread id in a rollout's file name; `…-<thread>_<rollout>.jsonl` are later segments of the same thread. */
export function threadIdOf(file: string): string | undefined {
  return ROLLOUT.exec(basename(file))?.[1];
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ROLLOUT = new RegExp(`^rollout-.+?-(${UUID})(?:_[^/]+)?\\.jsonl$`);
const LOCK = new RegExp(`/thread-writer-locks/(${UUID})\\.lock$`);

async function describeRollout(
  rollout: string,
): Promise<{ thread: OpenThread; modifiedMs: number } | undefined> {
  try {
    const meta = await readSessionMeta(rollout);
    const { mtimeMs } = await stat(rollout);
    const threadId = threadIdOf(rollout);
    if (meta === undefined || meta.subagent || threadId === undefined) return undefined;
    const cwd = meta.cwd === undefined ? {} : { cwd: meta.cwd };
    return { thread: { threadId, rollout, ...cwd }, modifiedMs: mtimeMs };
  } catch {
    // Removed in between, or its first line is not complete yet: asked again at the next change.
    return undefined;
  }
}

async function openFiles(pid: number): Promise<string[]> {
  if (process.platform === 'linux') return openFilesFromProc(pid);
  return openFilesFromLsof(pid);
}

async function openFilesFromProc(pid: number): Promise<string[]> {
  const pids = [pid, ...(await descendants(pid))];
  const files = await Promise.all(pids.map(filesOf));
  return [...new Set(files.flat())];
}

async function filesOf(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/fd`;
  const numbers = await readdir(directory).catch(() => []);
  // A descriptor may be closed while we look.
  const targets = await Promise.all(
    numbers.map((number) => readlink(`${directory}/${number}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith('/'));
}

async function descendants(pid: number): Promise<number[]> {
  // A child belongs to the thread that made it, and Codex's runtime starts helpers from any of its threads.
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.flatMap((list) => list.split(' ').map(Number)).filter((id) => id > 0);
  const below = await Promise.all(children.map(descendants));
  return [...children, ...below.flat()];
}

async function openFilesFromLsof(pid: number): Promise<string[]> {
  const pids = [pid, ...(await descendantsFromPs(pid))];
  try {
    const { stdout } = await run('lsof', ['-n', '-P', '-w', '-Fn', '-p', pids.join(',')]);
    return [...new Set(stdout.split('\n').flatMap((line) => (line[0] === 'n' ? [line.slice(1)] : [])))];
  } catch {
    return [];
  }
}

async function descendantsFromPs(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  // The list grows while it is walked: breadth first.
  for (const parent of found) {
    for (const [child, itsParent] of pairs) {
      if (itsParent === parent && child !== undefined) found.push(child);
    }
  }
  return found.slice(1);
}

const run = promisify(execFile);
