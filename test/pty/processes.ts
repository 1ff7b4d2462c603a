import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const isLinux = process.platform === 'linux';

/** The parent and the state (`T`: stopped) of a process. */
export function readProcess(pid: number): { parent: number; state: string } {
  const [state = '', parent] = isLinux
    ? statOf(pid)
    : (ask('state=,ppid=', '-p', `${pid}`)[0] ?? []);
  return { parent: Number(parent), state: state.slice(0, 1) };
}

/** The processes that a process has started and that still live. */
export function childrenOf(pid: number): number[] {
  if (isLinux) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  }
  return ask('pid=,ppid=', '-ax').flatMap(([child, parent]) =>
    Number(parent) === pid ? [Number(child)] : [],
  );
}

/** User and system time, in ticks of 10 ms. Linux only. */
export function cpuTicks(pid: number): number {
  const fields = statOf(pid);
  return Number(fields[11]) + Number(fields[12]);
}

/** What stands behind the name of the program, which may have spaces and brackets in it. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The lines of `ps`, each in words. */
function ask(columns: string, ...which: string[]): string[][] {
  const { stdout } = spawnSync('ps', [...which, '-o', columns], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}
