import { type ChildProcess, spawn } from 'node:child_process';
import { processStartTime } from '../../state/process-identity.ts';

/** Ends the child of a command when this process is killed by a signal that no process can catch. */
export interface LifeLine {
  /** The child that runs now. */
  hold(pid: number): void;
  /** No child runs any more. Resolves when nothing of ours is left. */
  letGo(): Promise<void>;
}

/**
 * `kill -9` of a plain Codex leaves no Codex at work. The same of a launcher would leave its child. So a small shell waits for
 * the end of a pipe that only we hold open. It is started after the child, and has a session of its own: no signal from the
 * terminal or for our process group reaches it. It kills only the process that began at the same time as our child.
 */
export function createLifeLine(): LifeLine {
  let watcher: ChildProcess | undefined;

  function start(): ChildProcess {
    const started = spawn('/bin/sh', ['-c', WATCH], {
      // The tests find our processes by their HOME.
      ...{ detached: true, cwd: '/', env: { HOME: process.env.HOME } },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without a watcher the session is as good as ever.
    started.on('error', () => undefined);
    started.stdin?.on('error', () => undefined);
    started.unref();
    return started;
  }

  return {
    hold(pid) {
      // Node has not waited for the child yet, so this pid is the child's.
      const startTime = process.platform === 'linux' ? processStartTime(pid) : '';
      if (startTime === undefined) return; // it has ended at once
      watcher ??= start();
      watcher.stdin?.write(`${pid} ${startTime}\n`);
    },
    async letGo() {
      const ended = watcher;
      if (ended?.pid === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
      // Where nobody waits for orphans, a watcher that outlives us would stay as a zombie.
      await new Promise<void>((resolve) => {
        ended.once('exit', () => resolve());
        setTimeout(resolve, MOST_MS);
        ended.stdin?.end();
      });
    },
  };
}

const MOST_MS = 100;

/** Reads lines `PID START`. Without a START the start is looked up (macOS). The last line counts. */
export const WATCH = `
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
find_start() {
  started=
  if [ -r /proc/self/stat ]; then
    read -r line <"/proc/$1/stat" || return
    set -f -- \${line##*) }
    started=\${20}
  else
    started=$(ps -o lstart= -p "$1")
  fi
}
pid=
while read -r next start; do
  pid=$next
  if [ -z "$start" ]; then find_start "$pid" && start=$started; fi
  known=$start
done
[ -n "$pid" ] && [ -n "$known" ] || exit 0
find_start "$pid"
[ "$started" = "$known" ] && kill -KILL "$pid"
`;
