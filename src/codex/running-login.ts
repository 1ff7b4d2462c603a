import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgv } from './argv.ts';

/**
 * A `codex login` that waits for its browser or code in this home. It has removed the auth.json it found, and writes the
 * new one through whatever link is there by then (measured, 0.150 and 0.169). Costs a look at every process.
 * @returns its pid; undefined also where processes cannot be listed.
 */
export function findRunningLogin(home: string): number | undefined {
  const processes = process.platform === 'linux' ? listFromProc() : listFromPs();
  return processes.find(
    ({ words, home: worksIn }) =>
      isLogin(words) && (worksIn === undefined || isSamePlace(worksIn(), home)),
  )?.pid;
}

interface Process {
  pid: number;
  words: string[];
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
    return words === undefined ? [] : [{ pid, words, home: () => homeOfProcess(pid) }];
  });
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
    const listing = execFileSync('ps', ['-axww', '-o', 'pid=,args='], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\n').map((line) => {
      const [pid, ...words] = line.trim().split(/\s+/);
      return { pid: Number(pid), words };
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
