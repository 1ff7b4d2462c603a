import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** How long after the last write to the command its threads are looked at. A stop takes 1 ms; under load, much longer. */
const LOOKS_MS = [250, 1000, 3000];

/**
 * Ends stops that hang half-way. Ctrl-Z stops every process of the command's group, also a process that one of its threads
 * is just starting (vfork). That process stops before it runs its program. The thread waits for it in the kernel and cannot
 * stop, so the kernel never reports that the command has stopped (pty fact 14: one Ctrl-Z in 20 under load. Without us,
 * npm's launcher stops instead.)
 *
 * On other systems than Linux it finds nothing.
 * @param living the command's pid while it lives and has told no stop, else undefined.
 */
export function createHungStopWatch(living: () => number | undefined) {
  let timer: NodeJS.Timeout | undefined;

  function lookAt(index: number): void {
    const delay = LOOKS_MS[index];
    if (delay === undefined) return;
    timer = setTimeout(() => {
      const pid = living();
      if (pid === undefined) return;
      continueUnborn(pid);
      lookAt(index + 1);
    }, delay);
  }

  return {
    /** Called after every write to the command: the write may have held the key that stops it. */
    restart(): void {
      clearTimeout(timer);
      lookAt(0);
    },
    close: () => clearTimeout(timer),
  };
}

/** Continues the processes that threads wait for in vfork: they become programs, and the threads stop as they should. */
function continueUnborn(pid: number): void {
  // The first thread has stopped, or is the one that waits.
  if (!'TD'.includes(readState(`/proc/${pid}`))) return;
  const program = readProgram(pid);
  for (const child of childrenAwaited(pid)) {
    const isUnborn = program !== undefined && readProgram(child) === program;
    if (isUnborn && readState(`/proc/${child}`) === 'T')
      attempt(() => process.kill(child, 'SIGCONT'), false);
  }
}

/** The children of the threads that wait in a system call that cannot be interrupted, such as vfork. */
function childrenAwaited(pid: number): number[] {
  return attempt(() => readdirSync(`/proc/${pid}/task`), [])
    .map((thread) => `/proc/${pid}/task/${thread}`)
    .filter((directory) => readState(directory) === 'D')
    .flatMap((directory) =>
      attempt(() => readFileSync(`${directory}/children`, 'latin1'), '').split(' '),
    )
    .filter(Boolean)
    .map(Number);
}

/** `R`, `S`, `D`, `T`, …; `?` when it is gone. */
function readState(directory: string): string {
  const stat = attempt(() => readFileSync(`${directory}/stat`, 'latin1'), '');
  // The command's name is in parentheses and may hold anything, parentheses too.
  return stat[stat.lastIndexOf(')') + 2] ?? '?';
}

function readProgram(pid: number): string | undefined {
  return attempt(() => readlinkSync(`/proc/${pid}/exe`), undefined);
}

/** A process may end while we read about it. */
function attempt<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch {
    return otherwise;
  }
}
