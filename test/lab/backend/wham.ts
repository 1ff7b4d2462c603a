import { type Account, describeWindows, isExhausted, type Window } from './accounts.ts';
import { type HttpRequest, type HttpRoute, ok, refuse } from './http-route.ts';
import { nowSeconds, type Service } from './service.ts';

/** `…/wham/usage`, `…/wham/accounts/check` (needed from 0.160 on, fact M1) and the model list. */
export function createWhamRoutes(service: Service): HttpRoute[] {
  const forAccount =
    (describe: (account: Account) => unknown) =>
    ({ account }: HttpRequest) =>
      account === undefined ? refuse(401, 'token_expired') : ok(describe(account));
  return [
    {
      route: 'accounts-check',
      pattern: /\/wham\/accounts\/check$/,
      answer: forAccount((account) => describeWorkspaces(account, service.origin)),
    },
    { route: 'usage', pattern: /\/wham\/usage$/, answer: forAccount(describeUsage) },
    {
      // Policies of enterprise workspaces: none. 0.169 starts no turn for them without it.
      route: 'other',
      pattern: /\/wham\/config\/(bundle|requirements)$/,
      answer: () => ok({}),
    },
    {
      route: 'models',
      pattern: /\/codex\/models$/,
      answer: () => ok({ models: [] }), // Codex goes on with the list it carries; 404 would fill stderr,
    },
  ];
}

function describeWorkspaces(account: Account, origin: string) {
  return {
    accounts: [
      {
        id: account.id,
        name: `${account.name} workspace`,
        plan_type: account.plan,
        structure: 'personal',
        account_user_role: 'owner',
        workspace_backend_origin: origin,
        account_routing_override: 'us',
      },
    ],
    default_account_id: account.id,
    account_ordering: [account.id],
  };
}

/** The shape of fact 8.1. */
function describeUsage(account: Account) {
  const now = nowSeconds();
  const exhausted = isExhausted(account, now);
  const { primary, secondary } = describeWindows(account, now);
  const tell = (window: Window) => ({
    used_percent: window.usedPercent,
    limit_window_seconds: window.windowMinutes * 60,
    reset_after_seconds: Math.max(0, window.resetAt - now),
    reset_at: window.resetAt,
  });
  return {
    plan_type: account.plan,
    rate_limit: {
      allowed: !exhausted,
      limit_reached: exhausted,
      primary_window: tell(primary),
      secondary_window: tell(secondary),
    },
    credits: { has_credits: false, unlimited: false, balance: null },
    additional_rate_limits: null,
  };
}
