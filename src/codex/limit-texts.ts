/**
 * Every text of Codex about limits, logins and load (facts 18, 70, 71). An anchor is the constant part of a text,
 * without URL, time and advice. An apostrophe stands for both forms of it (ASCII and U+2019).
 */

/** What an account has used up. Only the record tells which window it is; the text does not. */
export const LIMIT_KINDS = [
  'window-5h',
  'window-weekly',
  'window-other',
  'model-bucket',
  'workspace-credits',
  'spend-cap',
  'not-in-plan',
  'api-quota',
  'reserve',
  'unknown',
] as const;

export type LimitKind = (typeof LIMIT_KINDS)[number];

export type TextKind =
  | LimitKind
  /** The login is dead: the user must log in again before the account can be used. */
  | 'needs-login'
  /** Looks like a limit, but another account would not help. */
  | 'not-a-limit'
  /** About a limit, but no turn has failed. */
  | 'info';

export interface LimitText {
  id: string;
  kind: TextKind;
  anchor: string;
}

const text = (kind: TextKind, id: string, anchor: string): LimitText => ({ id, kind, anchor });

export const LIMIT_TEXTS: readonly LimitText[] = [
  // `unknown`: the text does not name the window; the record does (fact 68).
  text('unknown', 'usage-limit', "You've hit your usage limit."),
  text('model-bucket', 'named-limit', "You've hit your usage limit for "),
  text(
    'unknown',
    'owner-limit',
    "Usage limit reached. You've reached your usage limit. Increase your limits",
  ),
  text('spend-cap', 'member-limit', 'Usage limit reached Request a limit increase from your owner'),
  text('workspace-credits', 'workspace-credits', 'Your workspace is out of credits.'),
  text('workspace-credits', 'owner-credits', "You're out of credits."),
  text('workspace-credits', 'member-credits', "You've reached your workspace credit limit"),
  text('spend-cap', 'workspace-cap', 'You hit your spend cap set in your workspace.'),
  text('spend-cap', 'owner-cap', 'You hit your spend cap set by the owner of your workspace.'),
  text('api-quota', 'quota', 'Quota exceeded. Check your plan and billing details.'),
  text('not-in-plan', 'not-in-plan', 'To use Codex with your ChatGPT plan, upgrade to'),
  text('reserve', 'reserve-offer', 'Your included usage is exhausted. Choose an option below'),

  text('needs-login', 'refresh-failed', 'Your access token could not be refreshed'),

  text('not-a-limit', 'at-capacity', 'Selected model is at capacity.'),
  text('not-a-limit', 'restricted-capacity', 'Policy-restricted capacity is unavailable.'),
  text('not-a-limit', 'high-demand', "We're currently experiencing high demand"),
  text('not-a-limit', 'high-load', 'Codex is currently experiencing high load.'),
  text('not-a-limit', 'retries', 'exceeded retry limit, last status:'),
  text('not-a-limit', 'stream-lost', 'stream disconnected before completion'),
  text('not-a-limit', 'reconnecting', 'Reconnecting...'),

  text('info', 'heads-up', 'Heads up, you have less than'),
  text('info', 'no-longer-close', "You're no longer close to your usage limit."),
  text('info', 'approaching', 'Approaching rate limits'),
  text('info', 'goal', 'Goal hit usage limits'),
  text('info', 'switched', 'Automatically switched to'),
  text('info', 'switched-back', 'Automatically switched back to'),
];
