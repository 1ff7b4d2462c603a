import { constants } from 'node:os';
import { isatty } from 'node:tty';
import type { Ending } from './run-inherited.ts';

/**
 * Ends this process the way the child ended: the same exit code, or the same signal, so that a shell and a
 * waitpid() see what they would have seen of the child. Falls back to 128+n where a signal does not kill us.
 */
export function endLike(ending: Ending): void {
  if (ending.kind === 'exited') {
    exitAtOnce(ending.code);
  }
  process.removeAllListeners(ending.signal);
  process.kill(process.pid, ending.signal);
  // Delivery to ourselves is asynchronous in Node; a signal that is ignored or blocked never comes.
  setTimeout(() => process.exit(128 + constants.signals[ending.signal]), 200);
}

/** Node 22.15 and newer. */
interface NewerProcess {
  execve?(file: string, args: string[], env: Record<string, string>): never;
}

/**
 * At its exit Node waits for its V8 workers, and on Node 26 one of them may sleep for good: 1 of 100 sessions that were
 * stopped with Ctrl-Z never gave the prompt back (pty fact 18). A program that takes the place of this process waits
 * for no worker. Only in a terminal: Node's exit also makes pipes blocking again, which others may share.
 */
function exitAtOnce(code: number): never {
  const { execve } = process as NewerProcess;
  if (execve !== undefined && [0, 1, 2].every((fd) => isatty(fd))) {
    execve('/bin/sh', ['sh', '-c', `exit ${code}`], {});
  }
  process.exit(code);
}
