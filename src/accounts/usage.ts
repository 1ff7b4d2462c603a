import {
  MAX_LENGTH,
  readEpochSeconds,
  readPercent,
  readResetTime,
  readText,
  readWindowMinutes,
} from '../codex/bounds.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import type { RateLimits } from '../codex/rollout.ts';
import type { Paths } from '../state/paths.ts';
import { changeAccountState } from './account-state.ts';
import type { Mark, MarkKind } from './marks.ts';

/** How much of its limits an account has used, and how we know. Kept in the account's state. */
export interface Usage {
  /** `live`: Codex was asked about this account. `session`: a rollout written under this account told. */
  source: 'live' | 'session';
  /** Epoch seconds. */
  capturedAt: number;
  windows: UsageWindow[];
  plan?: string;
  /** For `session`: the rollout and the thread that told it. */
  rollout?: string;
  thread?: string;
}

export interface UsageWindow {
  /** Its length: 300 = 5 h, 10080 = weekly. Windows are told apart by this, never by their order. */
  minutes?: number;
  /** 0 to 100. */
  usedPercent: number;
  /** Epoch seconds. */
  resetsAt?: number;
}

/** The usage that a `token_count` tells, in a rollout that was written under this account. */
export function usageFromLimits(
  limits: RateLimits,
  from: { capturedAt: number; rollout: string; thread: string },
): Usage {
  return {
    source: 'session',
    ...from,
    windows: limits.windows.map((window) => ({ ...window })),
    ...(limits.plan === undefined ? {} : { plan: limits.plan }),
  };
}

/** The usage that Codex told when it was asked just now. */
export function usageFromReply(windows: UsageWindow[], plan: string | undefined): Usage {
  const capturedAt = Math.floor(Date.now() / 1000);
  return { source: 'live', capturedAt, windows, ...dropUndefined({ plan }) };
}

/** Puts a usage on record, unless a newer one is there. */
export function recordUsage(paths: Paths, target: string, usage: Usage): void {
  changeAccountState(paths, target, (state) => {
    const known = readUsage(state.usage);
    // A usage on record whose time lies in the future is replaced, too.
    const isBelieved = (known?.capturedAt ?? 0) <= Date.now() / 1000 + CLOCK_SLACK_SECONDS;
    const isOlder = known !== undefined && isBelieved && known.capturedAt > usage.capturedAt;
    return isOlder ? state : { ...state, usage };
  });
}

const CLOCK_SLACK_SECONDS = 86_400;

/** The usage in an account's state, if it is one we understand. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = readObject(value);
  if (usage === undefined || !Array.isArray(usage.windows)) return undefined;
  const { source } = usage;
  const capturedAt = readEpochSeconds(usage.capturedAt);
  if ((source !== 'live' && source !== 'session') || capturedAt === undefined) return undefined;
  const windows = usage.windows
    .slice(0, MOST_WINDOWS)
    .map((window) => readWindow(window, capturedAt));
  if (!windows.every((window) => window !== undefined)) return undefined;
  return {
    source,
    capturedAt,
    windows,
    ...dropUndefined({
      plan: readText(usage.plan, MAX_LENGTH.name),
      rollout: readText(usage.rollout, MAX_LENGTH.path),
      thread: readText(usage.thread, MAX_LENGTH.name),
    }),
  };
}

/** Percent left in a window now. A window that was reset since is full again. */
export function percentLeft(window: UsageWindow, nowSeconds: number): number {
  const wasReset = window.resetsAt !== undefined && window.resetsAt <= nowSeconds;
  return wasReset ? 100 : Math.max(0, 100 - window.usedPercent);
}

/** What is left of an account, percent: that of the window which is nearest to its end. */
export interface Room {
  left: number;
  minutes?: number;
}

/** What is left, in words. */
export function describeRoom({ left, minutes }: Room): string {
  const name = minutes === 300 ? '5-hour limit' : minutes === 10_080 ? 'weekly limit' : 'limit';
  return `only ${Math.floor(left)}% of its ${name} is left`;
}

/** The window that is nearest to its end; undefined when none is known. */
export function tightest(windows: readonly UsageWindow[], nowSeconds: number): Room | undefined {
  return windows
    .map((window) => ({
      left: percentLeft(window, nowSeconds),
      ...(window.minutes === undefined ? {} : { minutes: window.minutes }),
    }))
    .toSorted((a, b) => a.left - b.left)[0];
}

/** The marks that a usage means: one for each window that is used up and will be reset. */
export function marksOfUsage({ windows, capturedAt }: Usage): Mark[] {
  return windows.flatMap(({ minutes, usedPercent, resetsAt }) =>
    usedPercent >= 100 && resetsAt !== undefined && resetsAt > capturedAt
      ? [{ kind: kindOfWindow(minutes), until: resetsAt, at: capturedAt }]
      : [],
  );
}

function kindOfWindow(minutes: number | undefined): MarkKind {
  if (minutes === 300) return 'window-5h';
  return minutes === 10_080 ? 'window-weekly' : 'window-other';
}

/** Codex tells two. */
const MOST_WINDOWS = 10;

function readWindow(value: unknown, toldAt: number): UsageWindow | undefined {
  const window = readObject(value);
  const usedPercent = readPercent(window?.usedPercent);
  if (usedPercent === undefined) return undefined;
  const minutes = readWindowMinutes(window?.minutes);
  const resetsAt = readResetTime(window?.resetsAt, toldAt);
  return { usedPercent, ...dropUndefined({ minutes, resetsAt }) };
}
