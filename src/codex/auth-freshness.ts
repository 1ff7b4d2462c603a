import type { AuthIdentity } from './auth-file.ts';

/**
 * Epoch seconds at which the tokens of a login were made, 0 when it does not say: the younger of `last_refresh` and the
 * access token's `iat`. Refresh tokens rotate (fact 1.4), so of two files of one account the older one is dead.
 */
export function refreshedAt({ lastRefresh, issuedAt }: AuthIdentity): number {
  const noted = Math.floor(Date.parse(lastRefresh ?? '') / 1000);
  return Math.max(Number.isNaN(noted) ? 0 : noted, issuedAt ?? 0);
}
