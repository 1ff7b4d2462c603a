import type { Renewal } from './login.ts';

/** Codex refreshes an access token by itself when no more than this is left of it (fact 14). */
export const CODEX_MARGIN_SECONDS = 300;

/** A short-lived token is refreshed at half of its life, but never so late that Codex would do it. */
const LEAST_MARGIN_SECONDS = 310;

const SHORT_WINDOW_SECONDS = 120;

/**
 * A child started this late makes its first request inside Codex's own refresh window, so two processes would refresh. This
 * is at most half of our own window.
 */
const CLOSE_SECONDS = 60;

export interface RefreshRule {
  nowSeconds: number;
  /** Seconds of life left below which a token is refreshed. */
  marginSeconds: number;
  /** 0 to 1: the margin shrinks by up to a quarter, so that many sessions do not all act in the same second. */
  jitter: number;
}

/**
 * Whether an access token is to be refreshed. `soon`: there is time. `close`: a Codex that starts now would do it before us.
 * `now`: Codex does it itself at its next request, and so do several Codexes at once (fact 16).
 */
export type Need = 'no' | 'soon' | 'close' | 'now';

/** @param renewal undefined for a login that cannot be refreshed: that needs nothing. */
export function needsRefresh(renewal: Renewal | undefined, rule: RefreshRule): Need {
  if (renewal === undefined) return 'no';
  const left = renewal.expiresAt - rule.nowSeconds;
  if (left <= CODEX_MARGIN_SECONDS) return 'now';
  const margin = marginOf(renewal, rule);
  const close = Math.min(CLOSE_SECONDS, (margin - CODEX_MARGIN_SECONDS) / 2);
  if (left <= CODEX_MARGIN_SECONDS + close) return 'close';
  return left <= margin ? 'soon' : 'no';
}

/** Whether we are to refresh the token, while Codex would not do it yet. */
export function isInTime(need: Need): boolean {
  return need === 'soon' || need === 'close';
}

/** Epoch seconds at which a token is to be refreshed. */
export function refreshDueAt(renewal: Renewal, rule: Omit<RefreshRule, 'nowSeconds'>): number {
  return renewal.expiresAt - marginOf(renewal, rule);
}

function marginOf(
  { lifeSeconds = Number.POSITIVE_INFINITY }: Renewal,
  { marginSeconds, jitter }: Omit<RefreshRule, 'nowSeconds'>,
): number {
  const margin = Math.min(marginSeconds, Math.max(LEAST_MARGIN_SECONDS, lifeSeconds / 2));
  const window = margin - CODEX_MARGIN_SECONDS;
  // A short window has no seconds to spare.
  const spread = window < SHORT_WINDOW_SECONDS ? 0 : jitter / 4;
  return CODEX_MARGIN_SECONDS + window * (1 - spread);
}
