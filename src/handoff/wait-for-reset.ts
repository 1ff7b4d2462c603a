import type { AwaitedAccount, NextAccount } from './accounts.ts';

/** What the service says of an account whose limit should be over; what it says is on record then. */
export type AccountCheck =
  | { kind: 'back' }
  | { kind: 'exhausted' }
  /** It could not be asked: no network yet after the machine slept, for example. */
  | { kind: 'unknown'; reason: string };

/** How a session waits. */
export interface Patience {
  /** After its reset time an account is given this long before it is asked. */
  slackSeconds: number;
  /** Asks the service whether an account has something left. */
  check(target: string): Promise<AccountCheck>;
}

export interface WaitParts extends Patience {
  /** Who is back first, and when (epoch seconds). */
  earliest: AwaitedAccount;
  chooseAgain(): NextAccount;
  /** Epoch milliseconds. */
  now(): number;
  after(ms: number, act: () => void): void;
  /** Told again and again, for a countdown. */
  show(awaited: AwaitedAccount): void;
  back(target: string): void;
  gaveUp(reason: string): void;
}

export interface ResetWait {
  stop(): void;
}

/** The clock on the wall is looked at this often: one long timer would stand still while the machine sleeps. */
const TICK_MS = 1000;
/** Every so many ticks it is looked whether somebody has freed an account by hand. */
const TICKS_A_LOOK = 10;
/** Questions that did not end the waiting, before it ends without one. */
const MAX_CHECKS = 12;
/** After a question without an answer: at least this, doubled each time, at most that. */
const PAUSE_MS = { least: 5000, most: 10 * 60_000 };

/**
 * Waits for the first account to come back: until its reset time and some slack, and then until the service itself says
 * that something is left. Calls `back` or `gaveUp` once, unless it is stopped before.
 */
export function awaitReset(parts: WaitParts): ResetWait {
  const { now, slackSeconds } = parts;
  let awaited = parts.earliest;
  let pausedUntil = 0;
  let pauseMs = Math.max(slackSeconds * 1000, PAUSE_MS.least);
  let checks = 0;
  let ticks = 0;
  let over = false;

  const wakesAt = () => pausedUntil || (awaited.until + slackSeconds) * 1000;

  function tick(): void {
    if (over) return;
    try {
      if (isDue()) return void look().catch(fail);
    } catch (error) {
      return fail(error);
    }
    parts.show({ target: awaited.target, until: Math.ceil(wakesAt() / 1000) });
    parts.after(TICK_MS, tick);
  }

  function isDue(): boolean {
    if (now() >= wakesAt()) return true;
    ticks += 1;
    if (pausedUntil > 0 || ticks % TICKS_A_LOOK !== 0) return false;
    const choice = parts.chooseAgain();
    if (choice.kind === 'none') {
      awaited = choice.earliest ?? awaited;
      return false;
    }
    return choice.target !== awaited.target || now() < awaited.until * 1000;
  }

  async function look(): Promise<void> {
    pausedUntil = 0;
    const choice = parts.chooseAgain();
    if (choice.kind === 'none') {
      if (choice.earliest === undefined) return end(() => parts.gaveUp('no account comes back'));
      awaited = choice.earliest;
      return tick();
    }
    const { target } = choice;
    const found = await parts.check(target);
    if (over) return;
    if (found.kind === 'back') return end(() => parts.back(target));
    checks += 1;
    if (checks >= MAX_CHECKS) {
      const reason = found.kind === 'unknown' ? found.reason : `${target} is still at its limit`;
      return end(() => parts.gaveUp(reason));
    }
    // With a new mark on it another one is waited for, or it, for longer; without one time alone can help.
    const isMarked = found.kind === 'exhausted' && !isChosen(parts.chooseAgain(), target);
    if (!isMarked) {
      awaited = { ...awaited, target };
      pausedUntil = now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most);
    }
    return isMarked ? look() : tick();
  }

  function end(tell: () => void): void {
    if (over) return;
    over = true;
    tell();
  }

  function fail(error: unknown): void {
    end(() => parts.gaveUp((error as Error).message));
  }

  tick();
  return {
    stop() {
      over = true;
    },
  };
}

function isChosen(choice: NextAccount, target: string): boolean {
  return choice.kind === 'chosen' && choice.target === target;
}
