/** Signals to a process group that is not known yet when the first of them may come. */
export interface ProcessGroup {
  /** The pid of the command, which is its process group, too. Undefined until it is known. */
  pid(): number | undefined;
  /** The group is known: signals that have waited are sent. */
  begin(pid: number): void;
  send(signal: NodeJS.Signals): void;
}

/** @param isGone the group has ended: its number may come back as the number of another group. */
export function createProcessGroup(isGone: () => boolean): ProcessGroup {
  const waiting: NodeJS.Signals[] = [];
  let group: number | undefined;

  function send(signal: NodeJS.Signals): void {
    if (isGone()) return;
    if (group === undefined) waiting.push(signal);
    else killQuietly(-group, signal);
  }

  return {
    pid: () => group,
    begin(pid) {
      group = pid;
      for (const signal of waiting.splice(0)) send(signal);
    },
    send,
  };
}

/** Waits until the group is gone, and kills it after the grace. */
export async function killGroup(group: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  let isKilled = false;
  while (killQuietly(-group, 0)) {
    if (!isKilled && performance.now() > deadline) {
      killQuietly(-group, 'SIGKILL');
      isKilled = true;
    }
    // Zombies count as alive until init reaps them; a second after SIGKILL nothing more can be done.
    if (performance.now() > deadline + 1000) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** False when there is no such process. */
export function killQuietly(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
