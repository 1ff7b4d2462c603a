/** The time of a session. */
export interface SessionClock {
  /**
   * Epoch milliseconds as if nobody had ever set the clock back, so that what comes later has the later time. Where the
   * clock is right this is `Date.now()`.
   */
  now(): number;
  /** How much later that is than the system's time by now, milliseconds: 0 unless the clock was set back. */
  ahead(): number;
}

/** Less is a clock that is being corrected, or a process that had to wait. */
const STEP_MS = 2000;

/**
 * Codex writes times into its record, and what ended before a child was started is a replay (fact 65). A clock that is
 * set back in a session, by NTP or by hand, would make a replay of everything that follows.
 */
export function createSessionClock(
  wall: () => number = Date.now,
  ticks: () => number = () => performance.now(),
): SessionClock {
  let last = { wall: wall(), ticks: ticks() };
  let ahead = 0;

  function look(): number {
    const current = { wall: wall(), ticks: ticks() };
    const back = last.wall + (current.ticks - last.ticks) - current.wall;
    if (back > STEP_MS) ahead += back;
    last = current;
    return current.wall;
  }

  return {
    now: () => look() + ahead,
    ahead() {
      look();
      return ahead;
    },
  };
}
