import {
  type LimitWindow,
  MAX_LENGTH,
  readEpochSeconds,
  readLimitWindow,
  readText,
} from '../codex/bounds.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import { nameWindow } from '../codex/limits.ts';
import type { RateLimits } from '../codex/rollout.ts';
import type { Paths } from '../state/paths.ts';
import { changeAccountState } from './account-state.ts';
import type { Mark } from './marks.ts';

/** How much of its limits an account has used, and the source of that fact. Stored in the account's state. */
export interface Usage {
  /** `live`: Codex was asked about this account. `session`: a rollout that was written under this account. */
  source: 'live' | 'session';
  /** Epoch seconds. */
  capturedAt: number;
  windows: LimitWindow[];
  plan?: string;
  /** For `session`: the rollout, and its thread. */
  rollout?: string;
  thread?: string;
}

/** The usage in a `token_count` line of a rollout that was written under this account. */
export function usageFromLimits(
  { windows, plan }: RateLimits,
  from: { capturedAt: number; rollout: string; thread: string },
): Usage {
  return { source: 'session', ...from, windows, ...dropUndefined({ plan }) };
}

/** The usage in an answer that Codex has given just now. */
export function usageFromReply(windows: LimitWindow[], plan: string | undefined): Usage {
  const capturedAt = Math.floor(Date.now() / 1000);
  return { source: 'live', capturedAt, windows, ...dropUndefined({ plan }) };
}

/** Records a usage, unless the record has a newer one. */
export function recordUsage(paths: Paths, target: string, usage: Usage): void {
  changeAccountState(paths, target, (state) => {
    const known = readUsage(state.usage);
    // A recorded time in the future is an error, so that usage is replaced.
    const isBelieved = (known?.capturedAt ?? 0) <= Date.now() / 1000 + CLOCK_SLACK_SECONDS;
    const isOlder = known !== undefined && isBelieved && known.capturedAt > usage.capturedAt;
    return isOlder ? state : { ...state, usage };
  });
}

const CLOCK_SLACK_SECONDS = 86_400;

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

/** The marks for a usage: one for each window that is used up and will be reset. */
export function marksOfUsage({ windows, capturedAt }: Usage): Mark[] {
  return windows.flatMap(({ minutes, usedPercent, resetsAt }) =>
    usedPercent >= 100 && resetsAt !== undefined && resetsAt > capturedAt
      ? [{ kind: nameWindow(minutes), until: resetsAt, at: capturedAt }]
      : [],
  );
}
