import type { Roomier } from '../../handoff/accounts.ts';
import type { Timers } from '../../handoff/timers.ts';

/** Moves a session to another account between two turns, when its account has little left. */
export interface EarlyHandoff {
  /** A turn has ended, and another account has more. */
  consider(roomier: Roomier): void;
}

export interface EarlyHandoffParts {
  timers: Timers;
  /** The session runs, and nothing stands in the composer as far as keys tell. */
  isFree(): boolean;
  /** How many keys have been pressed so far. */
  presses(): number;
  /** No turn runs, by the record as it is now. */
  isResting(): Promise<boolean>;
  move(roomier: Roomier): void;
}

/** A queued prompt or a goal begins the next turn at once. The wait lets such a turn begin, and then the session stays. */
const REST_MS = 1000;

/**
 * A user who types at the end of a turn (a prompt, `/new`) is left alone, and so is a turn that has begun. The end of the
 * next turn tells how much is left then.
 */
export function createEarlyHandoff(parts: EarlyHandoffParts): EarlyHandoff {
  let latest: Roomier | undefined;

  async function moveIfIdle(roomier: Roomier, presses: number): Promise<void> {
    const mayMove = () => roomier === latest && parts.isFree() && parts.presses() === presses;
    if (!mayMove() || !(await parts.isResting()) || !mayMove()) return;
    latest = undefined;
    parts.move(roomier);
  }

  return {
    consider(roomier) {
      latest = roomier;
      const presses = parts.presses();
      parts.timers.after(REST_MS, () => void moveIfIdle(roomier, presses).catch(() => undefined));
    },
  };
}
