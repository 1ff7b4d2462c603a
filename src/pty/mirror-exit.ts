import type { ExitStatus } from './exit-status.ts';

/**
 * Ends this process the way the command ended: with its code, or killed by the same signal, so that whoever waits for us
 * learns the same. The terminal must be restored and flushed before: nothing of ours runs any more.
 */
export function mirrorExit(status: ExitStatus): never {
  if (status.kind === 'exited') process.exit(status.code);
  const { signal, number } = status;
  try {
    // Node ignores PIPE, keeps USR1 for its debugger, and we may have listeners: libuv puts back the default action when
    // the last listener goes.
    process.removeAllListeners(signal);
    process.once(signal, () => {});
    process.removeAllListeners(signal);
  } catch {
    // KILL and STOP cannot be listened to, and need not be.
  }
  process.kill(process.pid, signal);
  process.exit(128 + number);
}
