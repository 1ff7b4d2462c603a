import type { AwaitedAccount, NextAccount } from './accounts.ts';

/** The service's answer about an account whose limit should be over. Its usage and marks are recorded by then. */
export type AccountCheck =
  | { kind: 'back' }
  /** `until`: when the service says that it comes back, epoch seconds. */
  | { kind: 'exhausted'; until?: number }
  /** The service gave no answer, for example because the network is not back after the machine slept. */
  | { kind: 'unknown'; reason: string };

/** How a session waits for a reset. */
export interface WaitRules {
  /** The service is asked about an account this long after the account's reset time. */
  slackSeconds: number;
  /** Asks the service whether an account has something left. */
  checkAccount(target: string): Promise<AccountCheck>;
}

export interface WaitParts extends WaitRules {
  /** The account that comes back first. */
  earliest: AwaitedAccount;
  /** @param told accounts of which the service has told that nothing is left until then, epoch seconds. */
  chooseAgain(told: ReadonlyMap<string, number>): NextAccount;
  /** Epoch milliseconds. */
  now(): number;
  after(ms: number, act: () => void): void;
  /** Called with every tick, for a countdown. */
  show(awaited: AwaitedAccount): void;
  back(target: string): void;
  gaveUp(reason: string): void;
}

export interface ResetWait {
  stop(): void;
}

/** The clock is read this often. One long timer would stand still while the machine sleeps. */
const TICK_MS = 1000;
/** After so many ticks the accounts are read again: the user may have freed one by hand. */
const TICKS_A_READ = 10;
/** After so many answers that an account is not back, the wait ends. */
const MAX_CHECKS = 12;
/** The pause after a question without an answer. It begins with `least`, and doubles up to `most`. */
const PAUSE_MS = { least: 5000, most: 10 * 60_000 };

/**
 * Waits for the first account to come back: first until its reset time and the slack, and then until the service says that
 * the account has something left. Calls `back` or `gaveUp` once, unless it is stopped before.
 */
export function awaitReset(parts: WaitParts): ResetWait {
  const { now, slackSeconds } = parts;
  // Full figures are no mark, so without this an account that is not back would be chosen, and asked, again and again.
  const told = new Map<string, number>();
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
      if (isDue()) return void askService().catch(fail);
    } catch (error) {
      return fail(error);
    }
    parts.show({ target: awaited.target, until: Math.ceil(wakesAt() / 1000) });
    parts.after(TICK_MS, tick);
  }

  function isDue(): boolean {
    if (now() >= wakesAt()) return true;
    ticks += 1;
    if (pausedUntil > 0 || ticks % TICKS_A_READ !== 0) return false;
    const choice = parts.chooseAgain(told);
    if (choice.kind === 'none') {
      awaited = choice.earliest ?? awaited;
      return false;
    }
    return choice.target !== awaited.target || now() < awaited.until * 1000;
  }

  async function askService(): Promise<void> {
    pausedUntil = 0;
    const choice = parts.chooseAgain(told);
    if (choice.kind === 'none') {
      if (choice.earliest === undefined) return end(() => parts.gaveUp('no account comes back'));
      awaited = choice.earliest;
      return tick();
    }
    const { target } = choice;
    const found = await parts.checkAccount(target);
    if (over) return;
    if (found.kind === 'back') return end(() => parts.back(target));
    checks += 1;
    if (checks >= MAX_CHECKS) {
      const reason = found.kind === 'unknown' ? found.reason : `${target} is still at its limit`;
      return end(() => parts.gaveUp(reason));
    }
    const until = found.kind === 'exhausted' ? (found.until ?? 0) : 0;
    if (until * 1000 > now()) {
      told.set(target, until);
      const next = parts.chooseAgain(told);
      awaited = (next.kind === 'none' && next.earliest) || { target, until };
    } else {
      // Without a time the same account is asked later. Another session may have marked it since.
      awaited = { ...awaited, target };
      pausedUntil = now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most);
    }
    return tick();
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
