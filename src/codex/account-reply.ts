import type { AppServerReply } from './app-server.ts';
import { MOST, readPercent, readResetTime, readText, readWindowMinutes } from './bounds.ts';
import { defined, record } from './json.ts';
import type { LimitWindow } from './rollout.ts';

/** What `account/read` tells (fact 93). */
export interface AccountReply {
  email?: string;
  plan?: string;
}

/** What `account/rateLimits/read` tells about the account's own windows; named buckets are left out. */
export interface LimitsReply {
  windows: LimitWindow[];
  plan?: string;
  /** Said outright: `rate_limit_reached`, or one of the four `workspace_…` values (fact 70). */
  reachedType?: string;
}

/** Reads the reply to `account/read`; undefined when Codex has no ChatGPT account there. */
export function readAccountReply(reply: AppServerReply): AccountReply | undefined {
  const account = record(reply.ok ? record(reply.result)?.account : undefined);
  if (account === undefined) return undefined;
  return defined({
    email: readText(account.email, MOST.email),
    plan: readText(account.planType, MOST.name),
  });
}

/**
 * Whether Codex says that there is no account where it looked: not logged in, or logged out by the service. Where the
 * provider has no use for accounts it tells of none, whatever there is.
 */
export function hasNoAccount(reply: AppServerReply): boolean {
  const result = reply.ok ? record(reply.result) : undefined;
  return result?.account === null && result.requiresOpenaiAuth !== false;
}

/** Reads the reply to `account/rateLimits/read`; undefined when there are no limits in it. */
export function readLimitsReply(
  reply: AppServerReply,
  nowSeconds = Date.now() / 1000,
): LimitsReply | undefined {
  const limits = record(reply.ok ? record(reply.result)?.rateLimits : undefined);
  if (limits === undefined) return undefined;
  const windows = [limits.primary, limits.secondary].flatMap((value) => {
    const window = record(value);
    const usedPercent = readPercent(window?.usedPercent);
    if (usedPercent === undefined) return [];
    const minutes = readWindowMinutes(window?.windowDurationMins);
    const resetsAt = readResetTime(window?.resetsAt, nowSeconds);
    return [{ usedPercent, ...defined({ minutes, resetsAt }) }];
  });
  return {
    windows,
    ...defined({
      plan: readText(limits.planType, MOST.name),
      reachedType: readText(limits.rateLimitReachedType, MOST.name),
    }),
  };
}
