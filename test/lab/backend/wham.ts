import {
  type Account,
  describeWindows,
  isExhausted,
  RESERVE_MODEL,
  type Window,
} from './accounts.ts';
import { type FailureKind, REACHED_TYPES } from './failures.ts';
import { type HttpRequest, type HttpRoute, ok, refuse } from './http-route.ts';
import { nowSeconds, type Service } from './service.ts';

/** `…/wham/usage`, `…/wham/accounts/check` (needed from 0.160 on, fact 5) and the model list. */
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
    {
      route: 'usage',
      pattern: /\/wham\/usage$/,
      async answer(request) {
        await service.held.usage;
        return forAccount(describeUsage)(request);
      },
    },
    {
      // Policies of enterprise workspaces: none. 0.169 starts no turn for them without it.
      route: 'other',
      pattern: /\/wham\/config\/(bundle|requirements)$/,
      answer: () => ok({}),
    },
    {
      route: 'models',
      pattern: /\/codex\/models$/,
      answer: () => ok({ models: service.switches.models }), // 404 would fill stderr
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

/** The shape of fact 75. */
function describeUsage(account: Account) {
  const now = nowSeconds();
  const exhausted = isExhausted(account, now);
  const { primary, secondary } = describeWindows(account, now);
  const reachedType = exhausted ? REACHED_TYPES[account.limit] : undefined;
  const tell = (window: Window) => ({
    used_percent: window.usedPercent,
    limit_window_seconds: window.windowMinutes * 60,
    reset_after_seconds: Math.max(0, window.resetAt - now),
    reset_at: window.resetAt,
  });
  return {
    // Without both ids Codex does not tell whether ordinary usage is allowed (fact 75).
    account_id: account.id,
    user_id: account.userId,
    plan_type: account.plan,
    rate_limit: {
      allowed: !exhausted && !isPaidByCredits(account),
      limit_reached: exhausted || isPaidByCredits(account),
      primary_window: tell(primary),
      secondary_window: tell(secondary),
    },
    credits: { ...account.credits, approx_local_messages: null, approx_cloud_messages: null },
    spend_control: { reached: SPEND_CAPS.has(account.limit) && exhausted, individual_limit: null },
    rate_limit_reset_credits: { available_count: account.resetsBanked },
    additional_rate_limits: null,
    rate_limit_reached_type: reachedType === undefined ? null : { type: reachedType },
    ...(account.reserve && describeReserve(exhausted)),
  };
}

/** The included usage is at its end, and the account still answers: credits pay for each turn. */
function isPaidByCredits({ fullWindow, credits }: Account): boolean {
  return fullWindow !== 'none' && credits.has_credits;
}

/** The limits that an owner of the workspace has set. */
const SPEND_CAPS: ReadonlySet<FailureKind> = new Set([
  'workspace-owner-spend-cap',
  'workspace-member-spend-cap',
]);

/** What makes Codex go on with the reserve: the banner and a bucket of its own. */
function describeReserve(exhausted: boolean) {
  return {
    additional_rate_limits: [
      {
        limit_name: RESERVE_MODEL,
        metered_feature: 'base_model_inference',
        rate_limit: {
          allowed: true,
          limit_reached: false,
          primary_window: {
            used_percent: 48,
            limit_window_seconds: 604_800,
            reset_after_seconds: 300_000,
            reset_at: nowSeconds() + 300_000,
          },
          secondary_window: null,
        },
        normal_model_slug: 'gpt-5.6-luna',
      },
    ],
    rate_limit_upsell: exhausted
      ? {
          banner_type: 'luna_reserve',
          presentation: 'dismissible',
          title: 'You’re now using Luna, a faster model for simpler tasks.',
          description: 'Add credits or upgrade to continue using the most advanced models.',
          ctas: [{ action: 'add_credits', label: 'Add credits' }],
        }
      : null,
  };
}
