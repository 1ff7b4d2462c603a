import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { attempt } from './attempt.ts';
import { ownPlace } from './machine-place.ts';

/** A process. The start time distinguishes it from a later process with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Linux: start time in clock ticks since boot. Elsewhere: epoch seconds. */
  startTime: string;
}

/** This process. Costs one read of /proc on Linux. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: processStartTime(process.pid) ?? '' };
}

/** The start time of a living process; undefined when there is none, or only a zombie. */
export function processStartTime(pid: number): string | undefined {
  if (process.platform === 'linux') return startTimeFromProc(pid);
  if (pid === process.pid) return String(Math.round(Date.now() / 1000 - process.uptime()));
  return startTimeFromPs(pid);
}

/** Whether this very process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!canSignal(identity.pid)) return false;
  const startTime = processStartTime(identity.pid);
  if (startTime === undefined) return false;
  if (process.platform === 'linux') return startTime === identity.startTime;
  // `ps` rounds to seconds, and our own start time is computed from the uptime.
  return Math.abs(Number(startTime) - Number(identity.startTime)) <= 2;
}

/**
 * The table of processes that our pids belong to, as version 0.1.0 names it. That version writes and reads nothing else. On
 * macOS the name changes with the network (see machine-place.ts).
 */
export function processTable(): string {
  const { boot, pids, name } = ownPlace();
  const isTold = process.platform === 'linux' && boot !== undefined && pids !== undefined;
  return isTold ? `${boot}/${pids}` : name;
}

// It throws ESRCH for a dead process, and EPERM for a process of another user, which is not the one we knew.
function canSignal(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0 && (attempt(() => process.kill(pid, 0)) ?? false);
}

// The second field, the command name, may contain spaces and brackets, so fields are counted from its last bracket.
function startTimeFromProc(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isDead = fields[0] === 'Z' || fields[0] === 'X';
  return isDead ? undefined : fields[22 - 3];
}

function startTimeFromPs(pid: number): string | undefined {
  const line = attempt(() =>
    execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const [status = '', ...started] = (line ?? '').trim().split(/\s+/);
  const seconds = Date.parse(`${started.join(' ')} UTC`) / 1000;
  return status.startsWith('Z') || Number.isNaN(seconds) ? undefined : String(seconds);
}
