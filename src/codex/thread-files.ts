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

/**
 * The rollouts that a Codex has open: its own, or those of the native binary below it when the npm launcher stands in
 * between. Never those of a codex that a shell command of the session runs: its thread is not the one on the screen.
 */
export async function openRollouts(pid: number): Promise<string[]> {
  for (let level = [pid]; level.length > 0; ) {
    const files = await Promise.all(level.map(filesOf));
    const rollouts = files.flat().filter((file) => threadIdOf(file) !== undefined);
    if (rollouts.length > 0) return [...new Set(rollouts)];
    level = (await Promise.all(level.map(childrenOf))).flat();
  }
  return [];
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
  const below = await Promise.all((await childrenOf(pid)).map(openFiles));
  return [...new Set([...(await filesOf(pid)), ...below.flat()])];
}

async function filesOf(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') return filesFromLsof(pid);
  const directory = `/proc/${pid}/fd`;
  const numbers = await readdir(directory).catch(() => []);
  // A descriptor may be closed while we look.
  const targets = await Promise.all(
    numbers.map((number) => readlink(`${directory}/${number}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith('/'));
}

async function childrenOf(pid: number): Promise<number[]> {
  if (process.platform !== 'linux') return childrenFromPs(pid);
  // A child belongs to the thread that made it, and Codex's runtime starts helpers from any of its threads.
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').map(Number)).filter((id) => id > 0);
}

async function filesFromLsof(pid: number): Promise<string[]> {
  // lsof exits with 1 when any file could not be described, and still lists the others.
  const stdout = await run('lsof', ['-n', '-P', '-w', '-Fn', '-p', String(pid)]).then(
    (result) => result.stdout,
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  return stdout.split('\n').flatMap((line) => (line[0] === 'n' ? [line.slice(1)] : []));
}

async function childrenFromPs(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

const run = promisify(execFile);
