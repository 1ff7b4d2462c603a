import type { FailureKind } from './failures.ts';

/** One ChatGPT account of the lab: all but the name has a default. */
export interface AccountSpec {
  /** Label in answers and assertions, e.g. `acc1`; unique in a backend. */
  name: string;
  /** The workspace: `chatgpt-account-id`. Two accounts may share one. Default `workspace-<name>`. */
  id?: string;
  userId?: string;
  email?: string;
  /** `chatgpt_plan_type`, e.g. `plus`, `team`, `enterprise`. Default `plus`. */
  plan?: string;
  /** Turns until the account is exhausted. Default: endless. */
  turnsLeft?: number;
  /** Epoch seconds when the exhausted window opens again. Default: in 3 hours. */
  resetsAt?: number;
  /** What an exhausted account answers. Default `usage-limit`. */
  limit?: FailureKind;
  /** Which window is at 100 % when exhausted; `none`: its credits are at an end. Default `5h`. */
  exhaustedWindow?: '5h' | 'weekly' | 'none';
  /** Used percentage told while turns are left; from 90 on Codex opens a modal (fact 73). Default 25. */
  usedPercent?: number;
  /** Exhausted, it is offered the reserve model (fact 74). Default false. */
  reserve?: boolean;
  /** The window that is full while the account still answers: the service lets it go on, or credits pay. Default `none`. */
  fullWindow?: '5h' | 'weekly' | 'none';
  /** The purchased credits that the service tells. Default: none. */
  credits?: Credits;
  /** Resets of a limit that the user may redeem. Default 0. */
  resetsBanked?: number;
}

/** The credits of an account, as the service tells them. */
export interface Credits {
  has_credits: boolean;
  unlimited: boolean;
  balance: string | null;
}

const NO_CREDITS: Credits = { has_credits: false, unlimited: false, balance: null };

/** An account as the backend keeps it; tests may change any field while it runs. */
export interface Account extends Required<AccountSpec> {
  /** Turns per window, to refill `turnsLeft` when `resetsAt` has passed. */
  quota: number;
  /** Turns answered so far: the number in the default answer. */
  turnsAnswered: number;
}

/** What Codex goes on with when the included usage of an account is used up. */
export const RESERVE_MODEL = 'gpt-reserve';

const FIVE_HOURS = 5 * 60 * 60;

export function openAccount(spec: AccountSpec, nowSeconds: number): Account {
  const turnsLeft = spec.turnsLeft ?? Number.POSITIVE_INFINITY;
  return {
    id: `workspace-${spec.name}`,
    userId: `user-${spec.name}`,
    email: `${spec.name}@example.com`,
    plan: 'plus',
    resetsAt: nowSeconds + 3 * 60 * 60,
    limit: 'usage-limit',
    exhaustedWindow: '5h',
    usedPercent: 25,
    reserve: false,
    fullWindow: 'none',
    credits: NO_CREDITS,
    resetsBanked: 0,
    ...spec,
    turnsLeft,
    quota: turnsLeft,
    turnsAnswered: 0,
  };
}

/** Whether the account has no turn left; a window whose reset time has passed is opened again first. */
export function isExhausted(account: Account, nowSeconds: number): boolean {
  if (account.turnsLeft <= 0 && nowSeconds >= account.resetsAt) {
    account.turnsLeft = account.quota > 0 ? account.quota : Number.POSITIVE_INFINITY;
    account.resetsAt = nowSeconds + FIVE_HOURS;
  }
  return account.turnsLeft <= 0;
}

/** One rate-limit window as the service tells it. */
export interface Window {
  usedPercent: number;
  windowMinutes: number;
  resetAt: number;
}

export interface Windows {
  primary: Window;
  secondary: Window;
}

/** The 5-hour (primary) and weekly (secondary) window of an account, now. */
export function describeWindows(account: Account, nowSeconds: number): Windows {
  const exhausted = isExhausted(account, nowSeconds);
  const full = (window: Account['exhaustedWindow']) =>
    exhausted ? account.exhaustedWindow === window : account.fullWindow === window;
  return {
    primary: {
      usedPercent: full('5h') ? 100 : account.usedPercent,
      windowMinutes: 300,
      resetAt: full('weekly') ? nowSeconds + FIVE_HOURS : account.resetsAt,
    },
    secondary: {
      usedPercent: full('weekly') ? 100 : Math.min(account.usedPercent, 40),
      windowMinutes: 10_080,
      resetAt: full('weekly') ? account.resetsAt : account.resetsAt + 4 * 24 * 60 * 60,
    },
  };
}
