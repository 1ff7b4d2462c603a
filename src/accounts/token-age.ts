import type { Renewal } from './login.ts';

/** Codex refreshes an access token by itself when it has no more than this left (fact 14). */
export const CODEX_MARGIN_SECONDS = 300;

/** What is short-lived anyway is renewed at half of its life; but never so late that Codex would. */
const LEAST_MARGIN_SECONDS = 310;

const SHORT_WINDOW_SECONDS = 120;

/** Whoever starts now may ask for something only when Codex would refresh: at most half of the window is close to its end. */
const CLOSE_SECONDS = 60;

export interface RefreshRule {
  nowSeconds: number;
  /** Seconds of life left below which a token is refreshed. */
  marginSeconds: number;
  /** 0 to 1: so that many sessions do not all act in the same second; the margin shrinks by up to a quarter. */
  jitter: number;
}

/**
 * How an access token is to be refreshed: `soon` while nothing hurries; `close` when a Codex that starts now would get to
 * do it before we have; `now` when Codex does it itself at its next request, and several Codexes at once (fact 16).
 */
export type Need = 'no' | 'soon' | 'close' | 'now';

/** A login that cannot be renewed needs nothing. */
export function needsRefresh(renewal: Renewal | undefined, rule: RefreshRule): Need {
  if (renewal === undefined) return 'no';
  const left = renewal.expiresAt - rule.nowSeconds;
  if (left <= CODEX_MARGIN_SECONDS) return 'now';
  const margin = marginOf(renewal, rule);
  const close = Math.min(CLOSE_SECONDS, (margin - CODEX_MARGIN_SECONDS) / 2);
  if (left <= CODEX_MARGIN_SECONDS + close) return 'close';
  return left <= margin ? 'soon' : 'no';
}

/** We are to do it, and Codex would not yet. */
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
  // Of a short window no second is given away.
  const spread = window < SHORT_WINDOW_SECONDS ? 0 : jitter / 4;
  return CODEX_MARGIN_SECONDS + window * (1 - spread);
}
