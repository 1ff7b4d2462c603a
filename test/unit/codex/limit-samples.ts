import type { TextKind } from '../../../src/codex/limits.ts';

/** Every text of facts 18, 70, 71 as Codex prints it, with what it must be taken for. */
export const SAMPLES: readonly { text: string; kind: TextKind }[] = [
  ...withReset('unknown', [
    "You've hit your usage limit. Three for two until Friday,{or}",
    "You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to purchase more credits{or}",
    "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing), visit https://chatgpt.com/codex/settings/usage to purchase more credits{or}",
    "You've hit your usage limit. To get more access now, send a request to your admin{or}",
    "You've hit your usage limit. Upgrade to Plus to continue using Codex (https://chatgpt.com/explore/plus),{or}",
    "You've hit your usage limit. Visit https://chatgpt.com/settings/usage to purchase more credits{or}",
    "You've hit your usage limit.{plain}",
    "Error running remote compact task: You've hit your usage limit.{plain}",
  ]),
  ...withReset('model-bucket', [
    "You've hit your usage limit for GPT-5.3-Codex-Spark. Switch to another model now,{or}",
  ]),
  sample('workspace-credits', 'Your workspace is out of credits. Add credits to continue.'),
  sample(
    'workspace-credits',
    'Your workspace is out of credits. Ask your workspace owner to refill in order to continue.',
  ),
  sample(
    'spend-cap',
    'You hit your spend cap set in your workspace. Increase your spend cap to continue.',
  ),
  sample(
    'spend-cap',
    'You hit your spend cap set by the owner of your workspace. Ask an owner to increase your spend cap to continue.',
  ),
  sample('api-quota', 'Quota exceeded. Check your plan and billing details.'),
  sample(
    'not-in-plan',
    'To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus.',
  ),
  sample(
    'workspace-credits',
    "You're out of credits. Your workspace is out of credits. Add credits to continue using Codex.",
  ),
  sample(
    'unknown',
    "Usage limit reached. You've reached your usage limit. Increase your limits to continue using codex.",
  ),
  sample('workspace-credits', "You've reached your workspace credit limit"),
  sample(
    'spend-cap',
    'Usage limit reached Request a limit increase from your owner to continue using codex. Request increase?',
  ),
  ...[
    ' because your refresh token has expired. Please log out and sign in again.',
    ' because your refresh token was already used. Please log out and sign in again.',
    ' because your refresh token was revoked. Please log out and sign in again.',
    '. Please log out and sign in again.',
    ' because you have since logged out or signed in to another account. Please sign in again.',
  ].map((reason) => sample('needs-login', `Your access token could not be refreshed${reason}`)),
  ...[
    'Selected model is at capacity. Please try a different model.',
    'Policy-restricted capacity is unavailable. Please try again later.',
    "We're currently experiencing high demand, which may cause temporary errors.",
    'Codex is currently experiencing high load.',
    'exceeded retry limit, last status: 429 Too Many Requests, request id: abc',
    'stream disconnected before completion: error sending request',
    'Reconnecting... 2/5',
  ].map((text) => sample('not-a-limit', text)),
  ...[
    'Heads up, you have less than 10% of your weekly limit left. Run /status for a breakdown.',
    "You're no longer close to your usage limit.",
    'Approaching rate limits Switch to gpt-5-mini for lower credit usage?',
    'Goal hit usage limits (/goal resume)',
    'Automatically switched to gpt-reserve low due to usage limits.',
    'Automatically switched back to gpt-5 high because ordinary usage is available again.',
  ].map((text) => sample('info', text)),
];

/** The same text as versions before 0.150 and after 0.155 print it. */
export function inBothApostrophes(text: string): string[] {
  return [...new Set([text, text.replaceAll("'", '’')])];
}

function sample(kind: TextKind, text: string): { text: string; kind: TextKind } {
  return { text, kind };
}

function withReset(kind: TextKind, templates: string[]): { text: string; kind: TextKind }[] {
  const times = ['3:40 PM', 'Sep 19th, 2026 2:20 PM', 'Sep 19, 2026, 2:20 PM'];
  return templates.flatMap((template) => [
    ...times.map((time) =>
      sample(
        kind,
        template
          .replace('{or}', ` or try again at ${time}.`)
          .replace('{plain}', ` Try again at ${time}.`),
      ),
    ),
    sample(
      kind,
      template.replace('{or}', ' or try again later.').replace('{plain}', ' Try again later.'),
    ),
  ]);
}
