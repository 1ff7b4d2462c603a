import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { dropUndefined } from './json.ts';
import { readSessionMeta } from './rollout-file.ts';

export interface OpenThread {
  threadId: string;
  /** Its path with links resolved, so it is in the shared home. */
  rollout: string;
  cwd?: string;
}

/**
 * The thread of a running Codex: of the rollouts that it has open (fact 55), the one that was written last and is not a
 * sub-agent's. Undefined before the first turn, and when the process has ended.
 * @param fits leaves out rollouts of other threads.
 */
export async function findOpenThread(
  pid: number,
  fits: (rollout: string) => boolean = () => true,
): Promise<OpenThread | undefined> {
  const open = (await listOpenRollouts(pid)).filter(fits);
  const rollouts = await Promise.all(open.map(describeRollout));
  return rollouts.flat().toSorted((a, b) => b.modifiedMs - a.modifiedMs)[0]?.thread;
}

/**
 * The rollouts that a Codex has open for writing. Below an npm launcher, those of the native binary. A codex that a
 * shell command of the session runs does not count. While Codex holds writer locks (fact 57), only the rollouts of the
 * locked threads count: at its start it also opens threads of other sessions (fact 56).
 */
export async function listOpenRollouts(pid: number): Promise<string[]> {
  for (let level = [pid]; level.length > 0; ) {
    const files = (await Promise.all(level.map(listOpenFiles))).flat();
    const locked = new Set(files.flatMap(({ path }) => LOCK.exec(path)?.[1] ?? []));
    const rollouts = files.filter(({ path, isWritten }) => {
      const id = parseThreadId(path);
      return isWritten && id !== undefined && (locked.size === 0 || locked.has(id));
    });
    if (rollouts.length > 0) return [...new Set(rollouts.map(({ path }) => path))];
    level = (await Promise.all(level.map(listChildren))).flat();
  }
  return [];
}

/** The thread id in the file name of a rollout, also of a later segment (fact 53). */
export function parseThreadId(file: string): string | undefined {
  return ROLLOUT.exec(basename(file))?.[1];
}

/** Whether a word is the id of a thread: a UUID. */
export function isThreadId(word: string): boolean {
  return THREAD_ID.test(word);
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const THREAD_ID = new RegExp(`^${UUID}$`, 'i');
const LOCK = new RegExp(`/thread-writer-locks/(${UUID})\\.lock$`);
const ROLLOUT = new RegExp(`^rollout-.+?-(${UUID})(?:_[^/]+)?\\.jsonl$`);

async function describeRollout(
  rollout: string,
): Promise<{ thread: OpenThread; modifiedMs: number }[]> {
  try {
    const meta = await readSessionMeta(rollout);
    const { mtimeMs } = await stat(rollout);
    const threadId = parseThreadId(rollout);
    if (meta === undefined || meta.subagent || threadId === undefined) return [];
    const thread = { threadId, rollout, ...dropUndefined({ cwd: meta.cwd }) };
    return [{ thread, modifiedMs: mtimeMs }];
  } catch {
    return []; // the file was removed, or its first line is incomplete; the caller asks again at the next change
  }
}

interface OpenFile {
  path: string;
  /** It is open for writing. */
  isWritten: boolean;
}

/** The writer locks and the rollouts that a process has open. */
async function listOpenFiles(pid: number): Promise<OpenFile[]> {
  if (process.platform !== 'linux') return listWithLsof(pid);
  const numbers = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const files = numbers.map(async (number) => {
    // A descriptor may be closed meanwhile.
    const path = await readlink(`/proc/${pid}/fd/${number}`).catch(() => '');
    if (!LOCK.test(path) && parseThreadId(path) === undefined) return [];
    return [{ path, isWritten: await hasWriteFlag(`/proc/${pid}/fdinfo/${number}`) }];
  });
  return (await Promise.all(files)).flat();
}

/** The last two bits of the open flags (octal) are the access mode: 1 = write, 2 = read and write. */
async function hasWriteFlag(fdinfo: string): Promise<boolean> {
  const text = await readFile(fdinfo, 'latin1').catch(() => '');
  const flags = /^flags:\s*([0-7]+)/m.exec(text)?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0;
}

async function listChildren(pid: number): Promise<number[]> {
  if (process.platform !== 'linux') return listChildrenWithPs(pid);
  // Each thread of a process has its own list of children, and any thread of Codex may start one.
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').map(Number)).filter((id) => id > 0);
}

async function listWithLsof(pid: number): Promise<OpenFile[]> {
  // lsof exits with 1 when it cannot describe one file, but it lists the others.
  const stdout = await run('lsof', ['-n', '-P', '-w', '-Fan', '-p', String(pid)]).then(
    (result) => result.stdout,
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  const files: OpenFile[] = [];
  let access = '';
  // Each file has a line `f<number>`, one `a<access mode>` (r, w, or u for both) and one `n<name>`.
  for (const line of stdout.split('\n')) {
    if (line[0] === 'f') access = '';
    if (line[0] === 'a') access = line.slice(1);
    if (line[0] !== 'n') continue;
    files.push({ path: line.slice(1), isWritten: access === 'w' || access === 'u' });
  }
  return files;
}

async function listChildrenWithPs(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

function run(file: string, args: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(file, args);
}
