import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ownPlace } from './machine-place.ts';

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Linux: start time in clock ticks since boot. Elsewhere: epoch seconds. */
  startTime: string;
}

/** Who we are; costs one read of /proc on Linux and nothing elsewhere. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: processStartTime(process.pid) ?? '' };
}

/** The start time of a living process, or undefined when there is none (or only its zombie is left). */
export function processStartTime(pid: number): string | undefined {
  if (process.platform === 'linux') return startTimeFromProc(pid);
  if (pid === process.pid) return String(Math.round(Date.now() / 1000 - process.uptime()));
  return startTimeFromPs(pid);
}

/** Whether exactly that process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!mayBeOurs(identity.pid)) return false;
  const startTime = processStartTime(identity.pid);
  if (startTime === undefined) return false;
  if (process.platform === 'linux') return startTime === identity.startTime;
  // ps rounds to seconds and we compute our own start from uptime: two seconds of slack.
  return Math.abs(Number(startTime) - Number(identity.startTime)) <= 2;
}

/**
 * Which table of processes pids are meant in, as version 0.1.0 knew it: its records have nothing else, and it reads nothing
 * else in ours. On macOS it changes with the network (see place.ts).
 */
export function processTable(): string {
  const { boot, pids, name } = ownPlace();
  const isTold = process.platform === 'linux' && boot !== undefined && pids !== undefined;
  return isTold ? `${boot}/${pids}` : name;
}

function mayBeOurs(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: gone. EPERM: the pid now belongs to another user, so it is not the process we knew.
    return false;
  }
}

// The second field, the command name, may contain spaces and brackets: count from the last one.
function startTimeFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const dead = fields[0] === 'Z' || fields[0] === 'X';
    return dead ? undefined : fields[22 - 3];
  } catch {
    return undefined;
  }
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const [status = '', ...started] = line.split(/\s+/);
    const seconds = Date.parse(`${started.join(' ')} UTC`) / 1000;
    return status === '' || status.startsWith('Z') || Number.isNaN(seconds)
      ? undefined
      : String(seconds);
  } catch {
    return undefined;
  }
}
