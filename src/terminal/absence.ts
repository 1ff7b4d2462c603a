import { isInForeground } from './job.ts';

/** The time in which the shell has the terminal: our job is stopped, or goes on in the background. */
export interface Absence {
  isAway(): boolean;
  /** Our job was continued. */
  continued(): void;
  /** A signal has come that should end us. In the background we go on until that is done. */
  expectEnd(): void;
  /** We end, and do not come back. */
  over(): void;
  /**
   * Resolves when the job is in the foreground again.
   * @param stop the signal that stops the job now. Undefined: another process has stopped it, and continued it in the background.
   */
  stayAway(stop: 'SIGTSTP' | undefined): Promise<void>;
}

/** `kill %1` sends SIGTERM and SIGCONT to a stopped job. Both have come by then. */
const SIGNALS_MS = 10;
/** Codex ends at once at a signal (fact 81). A Codex that lives on is stopped again. */
const END_MS = 2000;

/** A job that is continued in the background (`bg`) is stopped again, as Codex alone would be when it changes the terminal. */
export function createAbsence(): Absence {
  let isAway = false;
  let isEnding = false;
  let isOver = false;
  let resume: (() => void) | undefined;

  function untilContinued(stop?: NodeJS.Signals): Promise<void> {
    return new Promise((resolve) => {
      resume = resolve;
      // To the whole group: we may be part of a pipeline or a script. We have no listener, so it stops us, too.
      if (stop !== undefined) process.kill(0, stop);
    });
  }

  /** We go on in the background. @returns when the job is to be stopped again, or was continued once more. */
  async function settle(): Promise<void> {
    await wait(SIGNALS_MS);
    if (isEnding) await Promise.race([wait(END_MS), untilContinued()]);
    isEnding = false;
    if (isOver) await new Promise(() => {}); // the process ends
  }

  return {
    isAway: () => isAway,
    continued() {
      resume?.();
      resume = undefined;
    },
    expectEnd() {
      isEnding = true;
    },
    over() {
      isOver = true;
    },
    async stayAway(stop) {
      isAway = true;
      if (stop !== undefined) await untilContinued(stop);
      while (!isInForeground()) {
        await settle();
        if (!isInForeground()) await untilContinued('SIGTTOU');
      }
      isAway = false;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
