/** The time of a session. */
export interface SessionClock {
  /**
   * Epoch milliseconds as if the clock had never been set back: a later event has a later time. While the clock is not set
   * back this is `Date.now()`.
   */
  now(): number;
  /** By how many milliseconds `now` is later than the system's clock: 0 unless the clock was set back. */
  ahead(): number;
}

/** A smaller step is a small correction of the clock, or a process that had to wait. */
const STEP_MS = 2000;

/**
 * Codex writes times into its record. A turn that ended before the start of the child is a replay (fact 65). After NTP or a
 * person has set the clock back, every new turn would look like a replay.
 */
export function createSessionClock(
  wall: () => number = Date.now,
  // Not `performance.now`: on Node 20 its first use loads a module, which takes 1.3 ms before the child is started.
  ticks: () => number = () => process.uptime() * 1000,
): SessionClock {
  let last = { wall: wall(), ticks: ticks() };
  let ahead = 0;

  function readWall(): number {
    const current = { wall: wall(), ticks: ticks() };
    const back = last.wall + (current.ticks - last.ticks) - current.wall;
    if (back > STEP_MS) ahead += back;
    last = current;
    return current.wall;
  }

  return {
    now: () => readWall() + ahead,
    ahead() {
      readWall();
      return ahead;
    },
  };
}
