import { killQuietly } from './process-group.ts';

/** Whether the monitor is stopped (Ctrl-Z), and how it goes on. */
export interface MonitorJob {
  isStopped(): boolean;
  /** It has been stopped at least once. */
  wasStopped(): boolean;
  noteStop(): void;
  noteContinuation(): void;
  /** Sends SIGCONT until the monitor has answered. */
  resume(): void;
}

const CONTINUE_RETRY_MS = 20;

export function createMonitorJob(monitorPid: number): MonitorJob {
  let isStopped = false;
  let stops = 0;

  /**
   * The monitor reports the stop just before it stops itself: a SIGCONT in between is lost. So SIGCONT is repeated until the
   * monitor answers, but only for the stop that it was meant for.
   */
  function wake(stop: number): void {
    if (!isStopped || stop !== stops) return;
    killQuietly(monitorPid, 'SIGCONT');
    setTimeout(wake, CONTINUE_RETRY_MS, stop);
  }

  return {
    isStopped: () => isStopped,
    wasStopped: () => stops > 0,
    noteStop() {
      isStopped = true;
      stops += 1;
    },
    noteContinuation() {
      isStopped = false;
    },
    resume: () => wake(stops),
  };
}
