import { isatty } from 'node:tty';
import type { Ending } from '../handoff/states.ts';

/**
 * Ends this process as the child has ended, with the same exit code or by the same signal: a shell or a waitpid() sees no
 * difference. The exit code is 128+n when the signal does not kill us.
 */
export function endLike(ending: Ending): void {
  if (ending.kind === 'exited') exitAtOnce(ending.code);
  process.removeAllListeners(ending.signal);
  process.kill(process.pid, ending.signal);
  // Node gets its own signal later, and gets no signal that is ignored or blocked.
  setTimeout(() => process.exit(128 + ending.number), 200);
}

/** Node 22.15 and newer. */
interface NewerProcess {
  execve?(file: string, args: string[], env: Record<string, string>): never;
}

/**
 * At its exit Node waits for its V8 workers. On Node 26 one of them may sleep for ever: 1 of 100 sessions that were stopped
 * with Ctrl-Z did not end (pty fact 18). A program that replaces this process does not wait for them. Only in a terminal:
 * Node's exit also makes pipes blocking again, which other processes may share.
 */
function exitAtOnce(code: number): never {
  const { execve } = process as NewerProcess;
  if (execve !== undefined && [0, 1, 2].every((fd) => isatty(fd))) {
    execve('/bin/sh', ['sh', '-c', `exit ${code}`], {});
  }
  process.exit(code);
}
