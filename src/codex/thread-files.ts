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
 * The thread a Codex works on: of the rollouts it has open (fact 55: the TUI's own process with `--no-daemon`, and
 * exec), the one not of a sub-agent that was written last. Undefined before the first turn, and for a process gone.
 * @param fits whether a rollout can be its own.
 */
export async function findOpenThread(
  pid: number,
  fits: (rollout: string) => boolean = () => true,
): Promise<OpenThread | undefined> {
  const open = (await openRollouts(pid)).filter(fits);
  const rollouts = await Promise.all(open.map(describeRollout));
  const newest = rollouts
    .filter((rollout) => rollout !== undefined)
    .toSorted((a, b) => b.modifiedMs - a.modifiedMs)[0];
  return newest?.thread;
}

/**
 * The rollouts that a Codex has open: its own, or those of the native binary below it when the npm launcher stands in
 * between. Never those of a codex that a shell command of the session runs: its thread is not the one on the screen.
 * Nor those it only reads, and once it holds writer locks (fact 57) none but theirs: 0.169 opens the
 * threads of other sessions, too, for a moment at its start (fact 56).
 */
export async function openRollouts(pid: number): Promise<string[]> {
  for (let level = [pid]; level.length > 0; ) {
    const files = (await Promise.all(level.map(filesOf))).flat();
    const locked = new Set(files.map(({ path }) => LOCK.exec(path)?.[1]).filter(Boolean));
    const rollouts = files.filter(({ path }) => {
      const id = threadIdOf(path);
      return id !== undefined && (locked.size === 0 || locked.has(id));
    });
    const written = (await Promise.all(rollouts.map(pathWritten))).filter(
      (path) => path !== undefined,
    );
    if (written.length > 0) return [...new Set(written)];
    level = (await Promise.all(level.map(childrenOf))).flat();
  }
  return [];
}

/** The thread id in a rollout's file name; `…-<thread>_<rollout>.jsonl` are later segments of the same thread. */
export function threadIdOf(file: string): string | undefined {
  return ROLLOUT.exec(basename(file))?.[1];
}

export function isThreadId(word: string): boolean {
  return THREAD_ID.test(word);
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const THREAD_ID = new RegExp(`^${UUID}$`, 'i');
const LOCK = new RegExp(`/thread-writer-locks/(${UUID})\\.lock$`);
const ROLLOUT = new RegExp(`^rollout-.+?-(${UUID})(?:_[^/]+)?\\.jsonl$`);

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

interface OpenFile {
  path: string;
  /** Whether it is open for writing. */
  isWritten(): Promise<boolean>;
}

async function filesOf(pid: number): Promise<OpenFile[]> {
  if (process.platform !== 'linux') return filesFromLsof(pid);
  const directory = `/proc/${pid}/fd`;
  const numbers = await readdir(directory).catch(() => []);
  // A descriptor may be closed while we look.
  const targets = await Promise.all(
    numbers.map((number) => readlink(`${directory}/${number}`).catch(() => '')),
  );
  return targets.flatMap((path, index) =>
    path.startsWith('/')
      ? [{ path, isWritten: () => hasWriteFlag(`/proc/${pid}/fdinfo/${numbers[index]}`) }]
      : [],
  );
}

async function pathWritten(file: OpenFile): Promise<string | undefined> {
  return (await file.isWritten()) ? file.path : undefined;
}

/** The access mode is in the last two bits of the open flags, printed in octal: 1 writes, 2 does both. */
async function hasWriteFlag(fdinfo: string): Promise<boolean> {
  const text = await readFile(fdinfo, 'latin1').catch(() => '');
  const flags = /^flags:\s*([0-7]+)/m.exec(text)?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0;
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

async function filesFromLsof(pid: number): Promise<OpenFile[]> {
  // lsof exits with 1 when any file could not be described, and still lists the others.
  const stdout = await run('lsof', ['-n', '-P', '-w', '-Fan', '-p', String(pid)]).then(
    (result) => result.stdout,
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  const files: OpenFile[] = [];
  let access = '';
  // For each file a line `f<number>`, one `a<access mode>` (r, w, or u for both) and one `n<name>`.
  for (const line of stdout.split('\n')) {
    if (line[0] === 'f') access = '';
    if (line[0] === 'a') access = line.slice(1);
    if (line[0] !== 'n') continue;
    const isWritten = access === 'w' || access === 'u';
    files.push({ path: line.slice(1), isWritten: () => Promise.resolve(isWritten) });
  }
  return files;
}

async function childrenFromPs(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

function run(file: string, args: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(file, args);
}
