import { type HttpRoute, ok, refuse } from './http-route.ts';
import type { Service } from './service.ts';
import type { RefreshRefusal } from './tokens.ts';

/** `/oauth/token` (refresh, and the code of a login) and `/oauth/revoke` (facts 15, 21). */
export function createOAuthRoutes(service: Service): HttpRoute[] {
  return [
    {
      route: 'token',
      pattern: /^\/oauth\/token$/,
      async answer({ body }) {
        if (body.grant_type === 'authorization_code') {
          const account = service.logins.redeem(String(body.code));
          return account === undefined
            ? refuse(400, 'invalid_grant')
            : ok(service.tokens.issue(account));
        }
        if (service.switches.refreshes === 'fail') return refuse(500, 'server_error');
        const result = service.tokens.refresh(String(body.refresh_token));
        await service.held.refreshes;
        return typeof result === 'string' ? refuse(401, result, EXPLAIN[result]) : ok(result);
      },
    },
    {
      route: 'revoke',
      pattern: /^\/oauth\/revoke$/,
      answer({ body }) {
        service.tokens.revoke(String(body.token));
        return ok({}); // as RFC 7009 wants: unknown tokens too
      },
    },
  ];
}

const EXPLAIN: Record<RefreshRefusal, string> = {
  refresh_token_reused: 'Your refresh token has already been used to generate a new access token.',
  refresh_token_invalidated: 'Your refresh token was revoked.',
  refresh_token_expired: 'Your refresh token has expired.',
};
