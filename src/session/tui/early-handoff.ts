import type { RateLimits } from '../../codex/rollout.ts';
import type { Roomier } from '../../handoff/accounts.ts';
import { sessionOf } from '../../handoff/session.ts';
import type { Timers } from '../../handoff/timers.ts';
import type { TuiSession } from './tui-session.ts';

/** Moves a session to another account between two turns, when its account has little left. */
export interface EarlyHandoff {
  /** A turn has ended, and another account has more. */
  consider(roomier: Roomier): void;
}

export interface EarlyHandoffParts {
  timers: Timers;
  /** The session runs, and the composer is empty as far as keys tell. */
  isFree(): boolean;
  /** How many keys have been pressed so far. */
  presses(): number;
  /** No turn runs, by the record as it is now. */
  isResting(): Promise<boolean>;
  move(roomier: Roomier): void;
}

/** A queued prompt or a goal begins the next turn at once. This wait lets such a turn begin, and then the session stays. */
const REST_MS = 1000;

/**
 * The session stays when the user types at the end of a turn (a prompt, `/new`), or when the next turn has begun. It is
 * considered again after that turn.
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

/** After a turn: if its account has little left and another account has more, the session moves when no turn runs. */
export async function considerEarlyHandoff(limits: RateLimits, session: TuiSession): Promise<void> {
  const { parts, handoffs, earlyHandoff, observed } = session;
  const thread = sessionOf(handoffs.state())?.thread;
  if (thread === undefined) return;
  await parts.accounts.rereadConstraints(thread.cwd);
  if (observed !== session.observed || observed?.watch === undefined) return;
  const from = { thread: thread.id, rollout: thread.rollout };
  const roomier = parts.accounts.findRoomier(limits, from);
  if (roomier !== undefined) earlyHandoff.consider(roomier);
  else if (parts.accounts.spendsAgainstWish(limits)) handoffs.dispatch({ name: 'spending' });
}
