import type { AppServerReply } from './app-server.ts';
import {
  type LimitWindow,
  MAX_LENGTH,
  readBoolean,
  readCount,
  readLimitWindow,
  readText,
} from './bounds.ts';
import { type Credits, readCredits } from './credits.ts';
import { dropUndefined, readObject } from './json.ts';

/** The answer to `account/read` (fact 93). */
export interface AccountReply {
  email?: string;
  plan?: string;
}

/** The answer to `account/rateLimits/read`: the account's own windows, without the buckets of single models. */
export interface LimitsReply {
  windows: LimitWindow[];
  plan?: string;
  /** The limit that is reached: `rate_limit_reached`, or one of the four `workspace_…` values (fact 70). */
  reachedType?: string;
  credits?: Credits;
  /** Whether the service lets the account use what its plan includes; from 0.171 on (fact 75). */
  ordinaryAllowed?: boolean;
  /** How many resets of a limit the user may redeem. */
  resets?: number;
}

/** Reads the reply to `account/read`; undefined when Codex has no ChatGPT account there. */
export function readAccountReply(reply: AppServerReply): AccountReply | undefined {
  const account = readObject(readResult(reply)?.account);
  return (
    account &&
    dropUndefined({
      email: readText(account.email, MAX_LENGTH.email),
      plan: readText(account.planType, MAX_LENGTH.name),
    })
  );
}

/**
 * Whether Codex has no account: the login is missing, or the service has refused it. With a provider that uses no OpenAI
 * accounts Codex answers with no account, too: that says nothing about the login.
 */
export function hasNoAccount(reply: AppServerReply): boolean {
  const result = readResult(reply);
  return result?.account === null && result.requiresOpenaiAuth !== false;
}

/** Reads the reply to `account/rateLimits/read`; undefined when it has no limits. */
export function readLimitsReply(
  reply: AppServerReply,
  nowSeconds = Date.now() / 1000,
): LimitsReply | undefined {
  const result = readResult(reply);
  const limits = readObject(result?.rateLimits);
  if (limits === undefined) return undefined;
  const windows = [limits.primary, limits.secondary].flatMap((value) => {
    const { usedPercent, windowDurationMins, resetsAt } = readObject(value) ?? {};
    return readLimitWindow(usedPercent, windowDurationMins, resetsAt, nowSeconds) ?? [];
  });
  return {
    windows,
    ...dropUndefined({
      plan: readText(limits.planType, MAX_LENGTH.name),
      reachedType: readText(limits.rateLimitReachedType, MAX_LENGTH.name),
      credits: readCredits(limits.credits),
      ordinaryAllowed: readBoolean(result?.ordinaryUsageAllowed),
      resets: readCount(readObject(result?.rateLimitResetCredits)?.availableCount),
    }),
  };
}

function readResult(reply: AppServerReply): Record<string, unknown> | undefined {
  return reply.ok ? readObject(reply.result) : undefined;
}
