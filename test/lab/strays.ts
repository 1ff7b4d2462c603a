import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Stray {
  pid: number;
  command: string;
}

/** Processes that were started with `HOME=<home>`, whoever their parent is by now. */
export function findStrays(home: string): Stray[] {
  return process.platform === 'linux' ? findInProc(home) : findWithPs(home);
}

/** Whether a process is our launcher, whose title is `codex` from the first moments on. The native Codex has a path. */
export function isLauncher({ command }: Pick<Stray, 'command'>): boolean {
  return command === 'codex' || command.includes('launch.js');
}

/** True as soon as none is left; false after `timeoutMs`. */
export async function waitForNoStrays(home: string, timeoutMs: number): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; ; await sleep(20)) {
    if (findStrays(home).length === 0) return true;
    if (Date.now() > end) return false;
  }
}

export function endStrays(strays: Stray[]): void {
  for (const { pid } of strays) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone by itself
    }
  }
}

function findInProc(home: string): Stray[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!environ.includes(`HOME=${home}`)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
      return [{ pid: Number(pid), command }];
    } catch {
      return []; // ended meanwhile, or not ours to read
    }
  });
}

/** macOS: ps -E appends the environment to the command. */
function findWithPs(home: string): Stray[] {
  const { stdout } = spawnSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, ...words] = line.trim().split(' ');
    return words.includes(`HOME=${home}`)
      ? [{ pid: Number(pid), command: words.slice(0, 4).join(' ') }]
      : [];
  });
}
