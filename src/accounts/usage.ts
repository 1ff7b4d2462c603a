import type { LimitsReply } from '../codex/account-reply.ts';
import {
  type LimitWindow,
  MAX_LENGTH,
  readBoolean,
  readCount,
  readEpochSeconds,
  readLimitWindow,
  readText,
} from '../codex/bounds.ts';
import { type Credits, readCredits } from '../codex/credits.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import type { RateLimits } from '../codex/rollout.ts';

/** How much of its limits an account has used, and the source of that fact. Stored in the account's state. */
export interface Usage {
  /** `live`: Codex was asked about this account. `session`: a rollout that was written under this account. */
  source: 'live' | 'session';
  /** Epoch seconds. It may have a fraction: the order of two facts decides (evidence.ts). */
  capturedAt: number;
  windows: LimitWindow[];
  plan?: string;
  /** Purchased credits. */
  credits?: Credits;
  /** For `live`: whether the service lets the account use what its plan includes. */
  ordinaryAllowed?: boolean;
  /** The limit that is reached, in the service's word (fact 70). */
  reachedType?: string;
  /** How many resets of a limit the user may redeem. */
  resets?: number;
  /** For `session`: the rollout, and its thread. */
  rollout?: string;
  thread?: string;
}

/** The usage in a `token_count` line of a rollout that was written under this account. */
export function usageFromLimits(
  { windows, plan, credits, reachedType }: RateLimits,
  from: { capturedAt: number; rollout: string; thread: string },
): Usage {
  return { source: 'session', ...from, windows, ...dropUndefined({ plan, credits, reachedType }) };
}

/** The usage in an answer of Codex. @param askedAt when Codex was asked, epoch seconds: a later refusal is news. */
export function usageFromReply(reply: LimitsReply, askedAt: number): Usage {
  return { source: 'live', capturedAt: askedAt, ...reply };
}

/** The usage in an account's state; undefined when it has another form. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = readObject(value);
  if (usage === undefined || !Array.isArray(usage.windows)) return undefined;
  const { source } = usage;
  const capturedAt = readEpochSeconds(usage.capturedAt);
  if ((source !== 'live' && source !== 'session') || capturedAt === undefined) return undefined;
  const windows = usage.windows.slice(0, MOST_WINDOWS).map((value) => {
    const { usedPercent, minutes, resetsAt } = readObject(value) ?? {};
    return readLimitWindow(usedPercent, minutes, resetsAt, capturedAt);
  });
  if (!windows.every((window) => window !== undefined)) return undefined;
  return {
    source,
    capturedAt,
    windows,
    ...dropUndefined({
      plan: readText(usage.plan, MAX_LENGTH.name),
      credits: readCredits(usage.credits),
      ordinaryAllowed: readBoolean(usage.ordinaryAllowed),
      reachedType: readText(usage.reachedType, MAX_LENGTH.name),
      resets: readCount(usage.resets),
      rollout: readText(usage.rollout, MAX_LENGTH.path),
      thread: readText(usage.thread, MAX_LENGTH.name),
    }),
  };
}

/** Codex tells two. */
const MOST_WINDOWS = 10;

/** Percent left in a window now; 100 after its reset. */
export function percentLeft(window: LimitWindow, nowSeconds: number): number {
  const wasReset = window.resetsAt !== undefined && window.resetsAt <= nowSeconds;
  return wasReset ? 100 : Math.max(0, 100 - window.usedPercent);
}

/** Percent left in the window that has least, and the length of that window. */
export interface Room {
  left: number;
  minutes?: number;
}

/** The room as a text for the user. */
export function describeRoom({ left, minutes }: Room): string {
  const name = minutes === 300 ? '5-hour limit' : minutes === 10_080 ? 'weekly limit' : 'limit';
  return `only ${Math.floor(left)}% of its ${name} is left`;
}

/** The room in the window that has least; undefined when no window is known. */
export function tightest(windows: readonly LimitWindow[], nowSeconds: number): Room | undefined {
  return windows
    .map((window) => ({
      left: percentLeft(window, nowSeconds),
      ...dropUndefined({ minutes: window.minutes }),
    }))
    .toSorted((a, b) => a.left - b.left)[0];
}

/** Whether a window is used up, and its reset is still to come. */
export function isFullNow(windows: readonly LimitWindow[], nowSeconds: number): boolean {
  return windows.some((window) => percentLeft(window, nowSeconds) <= 0);
}
