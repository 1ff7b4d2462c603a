import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgv } from './argv.ts';

/**
 * A `codex login` that waits for its browser or code in this home. It has removed the auth.json it found, and writes the
 * new one through whatever link is there by then (fact 23). Costs a look at every process.
 * @param uid whose logins count: ours. A name proves nothing, and of a stranger's process the home cannot be read.
 * @returns its pid; undefined also where processes cannot be listed.
 */
export function findRunningLogin(
  home: string,
  uid: number | undefined = process.getuid?.(),
): number | undefined {
  const processes = process.platform === 'linux' ? listFromProc() : listFromPs();
  return processes.find(
    ({ words, user, home: worksIn }) =>
      isLogin(words) && user() === uid && (worksIn === undefined || isSamePlace(worksIn(), home)),
  )?.pid;
}

interface Process {
  pid: number;
  words: string[];
  /** Its real user id. */
  user(): number | undefined;
  /** Its Codex home, as far as it can be told; undefined: it cannot. */
  home?: () => string | undefined;
}

function isLogin([program = '', ...words]: string[]): boolean {
  // Behind the npm launcher there are two processes, and either will do.
  if (!/^codex(-(x86_64|aarch64)-.*)?$/.test(basename(program))) return false;
  const invocation = parseArgv(words);
  return (
    invocation.mode === 'passthrough' &&
    invocation.reason === 'login' &&
    invocation.rest[0] !== 'status'
  );
}

function isSamePlace(a: string | undefined, b: string): boolean {
  return a === undefined || a === b || canonical(a) === canonical(b);
}

function listFromProc(): Process[] {
  return numbersIn('/proc').flatMap((pid) => {
    const words = readNulls(`/proc/${pid}/cmdline`);
    return words === undefined
      ? []
      : [{ pid, words, user: () => userOfProcess(pid), home: () => homeOfProcess(pid) }];
  });
}

/** Not the owner of its directory in /proc: that is root's, as Codex forbids others to look into its memory. */
function userOfProcess(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
}

function homeOfProcess(pid: number): string | undefined {
  const variables = readNulls(`/proc/${pid}/environ`);
  const value = (name: string) =>
    variables?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const home = value('HOME');
  return value('CODEX_HOME') || (home && join(home, '.codex'));
}

function listFromPs(): Process[] {
  try {
    const listing = execFileSync('ps', ['-axww', '-o', 'pid=,ruid=,args='], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\n').map((line) => {
      const [pid, uid, ...words] = line.trim().split(/\s+/);
      return { pid: Number(pid), words, user: () => Number(uid) };
    });
  } catch {
    return [];
  }
}

function numbersIn(dir: string): number[] {
  try {
    return readdirSync(dir).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Of somebody else's process some of it may not be read. */
function readNulls(file: string): string[] | undefined {
  try {
    return readFileSync(file, 'utf8').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

function canonical(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
