import type { Renewal } from './login.ts';

/** Codex refreshes an access token that has no more than this left (fact 14). */
const CODEX_MARGIN_SECONDS = 300;

/** We refresh a short-lived token at half of its life, but always before Codex would. */
const LEAST_MARGIN_SECONDS = 310;

const SHORT_WINDOW_SECONDS = 120;

/**
 * A child that starts in these last seconds before {@link CODEX_MARGIN_SECONDS} makes its first request after them, so Codex
 * would refresh as well as we. At most half of our own window.
 */
const CLOSE_SECONDS = 60;

export interface RefreshRule {
  nowSeconds: number;
  /** Seconds of life left below which a token is refreshed. */
  marginSeconds: number;
  /** 0 to 1: makes the margin smaller by up to a quarter, so that many sessions do not refresh in the same second. */
  jitter: number;
}

/**
 * Whether to refresh an access token. `soon`: there is time. `close`: a Codex that starts now would refresh at its first
 * request. `now`: each running Codex refreshes at its next request, also several at once (fact 16).
 */
export type Need = 'no' | 'soon' | 'close' | 'now';

/** @param renewal undefined for a login that cannot be refreshed: the answer is `no`. */
export function needsRefresh(renewal: Renewal | undefined, rule: RefreshRule): Need {
  if (renewal === undefined) return 'no';
  const left = renewal.expiresAt - rule.nowSeconds;
  if (left <= CODEX_MARGIN_SECONDS) return 'now';
  const margin = marginOf(renewal, rule);
  const close = Math.min(CLOSE_SECONDS, (margin - CODEX_MARGIN_SECONDS) / 2);
  if (left <= CODEX_MARGIN_SECONDS + close) return 'close';
  return left <= margin ? 'soon' : 'no';
}

/** Whether we refresh the token now, before Codex would. */
export function isInTime(need: Need): boolean {
  return need === 'soon' || need === 'close';
}

/** When to refresh a token, epoch seconds. */
export function refreshDueAt(renewal: Renewal, rule: Omit<RefreshRule, 'nowSeconds'>): number {
  return renewal.expiresAt - marginOf(renewal, rule);
}

function marginOf(
  { lifeSeconds = Number.POSITIVE_INFINITY }: Renewal,
  { marginSeconds, jitter }: Omit<RefreshRule, 'nowSeconds'>,
): number {
  const margin = Math.min(marginSeconds, Math.max(LEAST_MARGIN_SECONDS, lifeSeconds / 2));
  const window = margin - CODEX_MARGIN_SECONDS;
  // A short window has no time for a jitter.
  const spread = window < SHORT_WINDOW_SECONDS ? 0 : jitter / 4;
  return CODEX_MARGIN_SECONDS + window * (1 - spread);
}
