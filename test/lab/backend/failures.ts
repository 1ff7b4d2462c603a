import {
  type Account,
  type Credits,
  describeWindows,
  type Window,
  type Windows,
} from './accounts.ts';

/** Usage limits of every kind (facts 67, 70), then what is not a limit and must never rotate. */
export type FailureKind =
  | 'usage-limit'
  | 'named-bucket'
  | 'workspace-owner-credits'
  | 'workspace-member-credits'
  | 'workspace-owner-spend-cap'
  | 'workspace-member-spend-cap'
  | 'promo'
  | 'insufficient-quota'
  | 'usage-not-included'
  | 'capacity'
  | 'too-many-requests'
  | 'server-error'
  | 'unavailable'
  | 'dropped-stream'
  | 'invalid-encrypted-content'
  | 'unauthorized';

/** A failed turn, before it is put on a transport. */
export interface Failure {
  kind: FailureKind;
  /** `refuse`: an HTTP status or a WebSocket error frame; `event`: `response.failed`; `drop`: the line goes dead. */
  delivery: 'refuse' | 'event' | 'drop';
  status: number;
  headers: Record<string, string>;
  error: Record<string, unknown>;
}

/** Name and id of the model bucket of `named-bucket`. */
export const NAMED_BUCKET = { id: 'codex_bengalfox', name: 'GPT-5.3-Codex-Spark' } as const;
/** The message of `promo`. */
export const PROMO_MESSAGE = 'Start a free trial of Pro at https://example.com/promo';

/** Of the workspace kinds: what the service says outright, in a header and in `/wham/usage`. */
export const REACHED_TYPES: Partial<Record<FailureKind, string>> = {
  'workspace-owner-credits': 'workspace_owner_credits_depleted',
  'workspace-member-credits': 'workspace_member_credits_depleted',
  'workspace-owner-spend-cap': 'workspace_owner_usage_limit_reached',
  'workspace-member-spend-cap': 'workspace_member_usage_limit_reached',
};

/** What the service answers for a failure of this kind on this account (fact 67). */
export function describeFailure(kind: FailureKind, account: Account, nowSeconds: number): Failure {
  const refuse = (status: number, error: Record<string, unknown>, headers = {}): Failure => ({
    kind,
    delivery: 'refuse',
    status,
    error,
    headers: { ...rateLimitHeaders(account, describeWindows(account, nowSeconds)), ...headers },
  });
  const usageLimit = (headers: Record<string, string> = {}) =>
    refuse(
      429,
      {
        type: 'usage_limit_reached',
        message: 'The usage limit has been reached',
        plan_type: account.plan,
        resets_at: account.resetsAt,
        resets_in_seconds: account.resetsAt - nowSeconds,
      },
      headers,
    );
  switch (kind) {
    case 'usage-limit':
      return usageLimit();
    case 'named-bucket':
      return usageLimit(namedBucketHeaders(account));
    case 'workspace-owner-credits':
    case 'workspace-member-credits':
    case 'workspace-owner-spend-cap':
    case 'workspace-member-spend-cap':
      return usageLimit({ 'x-codex-rate-limit-reached-type': REACHED_TYPES[kind] ?? '' });
    case 'promo':
      return usageLimit({ 'x-codex-promo-message': PROMO_MESSAGE });
    case 'usage-not-included':
      return refuse(429, { type: 'usage_not_included', message: 'Not part of the plan' });
    case 'insufficient-quota':
      return event(kind, 'insufficient_quota', 'You exceeded your current quota');
    case 'capacity':
      return event(kind, 'server_is_overloaded', 'Selected model is at capacity');
    case 'too-many-requests':
      return refuse(429, { message: 'Too many requests', code: 'rate_limit_exceeded' });
    case 'server-error':
      return refuse(500, { message: 'The server had an error', type: 'server_error' });
    case 'unavailable':
      return refuse(503, { message: 'Service unavailable', type: 'server_error' });
    case 'invalid-encrypted-content':
      return refuse(400, {
        type: 'invalid_request_error',
        code: 'invalid_encrypted_content',
        param: null,
        message: 'The encrypted content could not be verified. Reason: it could not be decrypted.',
      });
    case 'unauthorized':
      return refuse(401, {
        message: 'Provided authentication token is expired',
        code: 'token_expired',
      });
    case 'dropped-stream':
      return { kind, delivery: 'drop', status: 0, headers: {}, error: {} };
    default:
      return kind satisfies never;
  }
}

/** The `x-codex-*` headers that come with every answer, good or bad. */
export function rateLimitHeaders(
  account: Account,
  { primary, secondary }: Windows,
): Record<string, string> {
  return {
    'x-codex-plan-type': account.plan,
    ...windowHeaders('x-codex-primary', primary),
    ...windowHeaders('x-codex-secondary', secondary),
    ...creditHeaders(account.credits),
  };
}

function windowHeaders(prefix: string, window: Window): Record<string, string> {
  return {
    [`${prefix}-used-percent`]: String(window.usedPercent),
    [`${prefix}-window-minutes`]: String(window.windowMinutes),
    [`${prefix}-reset-at`]: String(window.resetAt),
  };
}

/** An account that never had credits gets no headers about them. */
function creditHeaders({ has_credits, unlimited, balance }: Credits): Record<string, string> {
  if (!has_credits && balance === null) return {};
  return {
    'x-codex-credits-has-credits': String(has_credits),
    'x-codex-credits-unlimited': String(unlimited),
    ...(balance !== null && { 'x-codex-credits-balance': balance }),
  };
}

function namedBucketHeaders(account: Account): Record<string, string> {
  const prefix = `x-${NAMED_BUCKET.id.replaceAll('_', '-')}`;
  return {
    'x-codex-active-limit': NAMED_BUCKET.id,
    [`${prefix}-limit-name`]: NAMED_BUCKET.name,
    ...windowHeaders(`${prefix}-primary`, {
      usedPercent: 100,
      windowMinutes: 300,
      resetAt: account.resetsAt,
    }),
  };
}

function event(kind: FailureKind, code: string, message: string): Failure {
  return { kind, delivery: 'event', status: 200, headers: {}, error: { code, message } };
}
