import type { AppServerReply } from './app-server.ts';
import { record } from './json.ts';
import type { LimitWindow } from './rollout.ts';

/** What `account/read` tells (fact M12). */
export interface AccountReply {
  email?: string;
  plan?: string;
}

/** What `account/rateLimits/read` tells about the account's own windows; named buckets are left out. */
export interface LimitsReply {
  windows: LimitWindow[];
  plan?: string;
  /** Said outright: `rate_limit_reached`, or one of the four `workspace_…` values (2.1). */
  reachedType?: string;
}

/** Reads the reply to `account/read`; undefined when Codex has no ChatGPT account there. */
export function readAccountReply(reply: AppServerReply): AccountReply | undefined {
  const account = record(reply.ok ? record(reply.result)?.account : undefined);
  if (account === undefined) return undefined;
  return { ...text('email', account.email), ...text('plan', account.planType) };
}

/** Whether Codex says that there is no account where it looked: not logged in, or logged out by the service. */
export function hasNoAccount(reply: AppServerReply): boolean {
  return reply.ok && record(reply.result)?.account === null;
}

/** Reads the reply to `account/rateLimits/read`; undefined when there are no limits in it. */
export function readLimitsReply(reply: AppServerReply): LimitsReply | undefined {
  const limits = record(reply.ok ? record(reply.result)?.rateLimits : undefined);
  if (limits === undefined) return undefined;
  const windows = [limits.primary, limits.secondary].flatMap((value) => {
    const window = record(value);
    if (typeof window?.usedPercent !== 'number') return [];
    return [
      {
        usedPercent: window.usedPercent,
        ...number('minutes', window.windowDurationMins),
        ...number('resetsAt', window.resetsAt),
      },
    ];
  });
  return {
    windows,
    ...text('plan', limits.planType),
    ...text('reachedType', limits.rateLimitReachedType),
  };
}

function text<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  return typeof value === 'string' ? ({ [key]: value } as { [P in K]?: string }) : {};
}

function number<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  return typeof value === 'number' ? ({ [key]: value } as { [P in K]?: number }) : {};
}
