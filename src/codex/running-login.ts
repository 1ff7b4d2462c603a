import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { parseArgv } from './argv.ts';
import { resolveLinks } from './paths.ts';
import { listPids, readProcFile } from './proc.ts';

/**
 * Finds a `codex login` that waits for its browser or code in this home. It has already removed auth.json. If we made a link
 * now, it would write the new login through that link (fact 23). Reads every process of the machine.
 * @param uid only processes of this user count: every user can name a process `codex`.
 * @returns its pid; undefined also when the system does not list processes.
 */
export function findRunningLogin(
  home: string,
  uid: number | undefined = process.getuid?.(),
): number | undefined {
  const processes = process.platform === 'linux' ? listFromProc() : listFromPs();
  return processes.find(
    ({ words, readUid, readHome }) =>
      isLogin(words) && readUid() === uid && mayBeHome(readHome?.(), home),
  )?.pid;
}

interface Process {
  pid: number;
  words: string[];
  /** The real user id. */
  readUid(): number | undefined;
  /** The Codex home; undefined when it is unknown. */
  readHome?(): string | undefined;
}

/** True for the native process and for the npm launcher above it. */
function isLogin([program = '', ...words]: string[]): boolean {
  if (!/^codex(-(x86_64|aarch64)-.*)?$/.test(basename(program))) return false;
  const invocation = parseArgv(words);
  if (invocation.mode !== 'passthrough') return false;
  return invocation.reason === 'login' && invocation.rest[0] !== 'status';
}

function mayBeHome(found: string | undefined, home: string): boolean {
  return found === undefined || found === home || resolveLinks(found) === resolveLinks(home);
}

function listFromProc(): Process[] {
  return listPids().flatMap((pid) => {
    const words = readStrings(pid, 'cmdline');
    return words === undefined
      ? []
      : [{ pid, words, readUid: () => readRealUid(pid), readHome: () => readCodexHome(pid) }];
  });
}

/** Root owns the directory of a Codex in /proc, because Codex forbids other processes to read its memory. */
function readRealUid(pid: number): number | undefined {
  const uid = /^Uid:\t(\d+)/m.exec(readProcFile(pid, 'status') ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

function readCodexHome(pid: number): string | undefined {
  const variables = readStrings(pid, 'environ');
  const value = (name: string) =>
    variables?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const home = value('HOME');
  return value('CODEX_HOME') || (home && join(home, '.codex'));
}

/** The strings of a /proc file; a NUL ends each. */
function readStrings(pid: number, name: string): string[] | undefined {
  return readProcFile(pid, name)?.split('\0').slice(0, -1);
}

function listFromPs(): Process[] {
  try {
    const listing = execFileSync('ps', ['-axww', '-o', 'pid=,ruid=,args='], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\n').map((line) => {
      const [pid, uid, ...words] = line.trim().split(/\s+/);
      return { pid: Number(pid), words, readUid: () => Number(uid) };
    });
  } catch {
    return [];
  }
}
