import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface ProcessGroups {
  parent: number;
  group: number;
  /** The session id, or the controlling terminal where the system tells no session id. Equal values: the same session. */
  session: string;
  /** The foreground group of the controlling terminal; -1 without one. */
  foreground: number;
}

/** Whether we may change the terminal's settings. A process in the background would be stopped (SIGTTOU, pty fact 10). */
export function isInForeground(): boolean {
  const { group, foreground } = readGroups(process.pid) ?? { group: 0, foreground: -1 };
  return foreground === group || foreground === -1;
}

/**
 * Waits until our job is in the foreground. In the background it stops the job, as the kernel stops a program that changes the
 * terminal there: the shell shows a stopped job, `kill` ends it, and `fg` lets it go on. Before anything of ours runs, a
 * signal has its default action. Only on Linux: on other systems the question costs 5 ms (see terminal.ts).
 * @returns whether the job was in the background.
 */
export function awaitForeground(): boolean {
  let hasWaited = false;
  if (process.platform !== 'linux') return hasWaited;
  // Where the signal is blocked, the kernel stops nobody either.
  for (let tries = MOST_STOPS; tries > 0 && !isInForeground() && !isJobOrphaned(); tries--) {
    hasWaited = true;
    process.kill(0, 'SIGTTOU');
    // Another thread may take the signal, a moment later.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOP_MS);
  }
  return hasWaited;
}

const MOST_STOPS = 100;
const STOP_MS = 5;

/**
 * Whether no process of our session could continue us (`xterm -e codex`, `tmux new codex`). The kernel ignores SIGTSTP then,
 * and a SIGSTOP would freeze the terminal for ever.
 */
export function isJobOrphaned(): boolean {
  const own = readGroups(process.pid);
  for (let ancestor = own; own !== undefined && ancestor !== undefined; ) {
    if (ancestor.session !== own.session) return true;
    if (ancestor.group !== own.group) return false;
    ancestor = readGroups(ancestor.parent);
  }
  return true;
}

function readGroups(pid: number): ProcessGroups | undefined {
  if (pid <= 0) return undefined;
  return process.platform === 'linux' ? readProc(pid) : askPs(pid);
}

function readProc(pid: number): ProcessGroups | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name is in parentheses and may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [, parent, group, session, , foreground] = fields;
    return {
      parent: Number(parent),
      group: Number(group),
      session: session ?? '',
      foreground: Number(foreground),
    };
  } catch {
    return undefined;
  }
}

function askPs(pid: number): ProcessGroups | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'ppid=,pgid=,tpgid=,tty=', '-p', `${pid}`]);
  if (status !== 0) return undefined;
  const [parent, group, foreground, tty] = stdout.toString().trim().split(/\s+/);
  return {
    parent: Number(parent),
    group: Number(group),
    session: tty ?? '',
    foreground: Number(foreground) > 0 ? Number(foreground) : -1,
  };
}
