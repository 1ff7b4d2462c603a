import { describe, expect, test } from 'vitest';
import { type ProofQuestion, proveLimit } from '../../../src/codex/limit-proof.ts';
import { parseRolloutLine, type RolloutFact } from '../../../src/codex/rollout.ts';
import { taskComplete, taskStarted, tokenCount } from './rollout-lines.ts';

const START = Date.parse('2026-11-20T10:00:00.000Z');
const AFTER = '2026-11-20T10:00:05.000Z';
const BEFORE = '2026-11-20T09:59:59.900Z';
const LIMIT = "You've hit your usage limit. Try again at 3:40 PM.";
/** The next one after the turn, wherever the tests run. */
const TWENTY_TO_FOUR = (() => {
  const time = new Date(AFTER);
  time.setHours(15, 40, 0, 0);
  if (time < new Date(AFTER)) time.setDate(time.getDate() + 1);
  return time.getTime() / 1000;
})();
const EXCEEDED = { message: LIMIT, codex_error_info: 'usage_limit_exceeded' };
const FULL = { primary: { used_percent: 100, window_minutes: 300, resets_at: 1_800_000_000 } };

function facts(...lines: string[]): RolloutFact[] {
  return lines.map(parseRolloutLine).filter((fact) => fact !== undefined);
}

function ask(question: Partial<ProofQuestion>) {
  const defaults = {
    facts: [],
    startedAtMs: START,
    seenTurnIds: new Set<string>(),
    sawText: false,
  };
  return proveLimit({ ...defaults, ...question });
}

function turn(limits: object | undefined, complete: object, at = AFTER): RolloutFact[] {
  const count = limits === undefined ? [] : [tokenCount(limits, at)];
  return facts(taskStarted('turn-1', at), ...count, taskComplete(complete, at));
}

describe('proveLimit', () => {
  test('the record says so, whatever the screen said', () => {
    expect(ask({ facts: turn(FULL, { error: EXCEEDED }) })).toEqual({
      kind: 'window-5h',
      until: 1_800_000_000,
      minutes: 300,
      turnId: 'turn-1',
      message: LIMIT,
    });
    const reworded = { ...EXCEEDED, message: 'No more Codex for you today.' };
    expect(ask({ facts: turn(FULL, { error: reworded }) })).toMatchObject({ kind: 'window-5h' });
  });

  test('up to 0.144: text and full snapshot together, and no answer', () => {
    const old = turn(FULL, {});
    expect(ask({ facts: old, sawText: true, text: LIMIT })).toMatchObject({
      kind: 'window-5h',
      until: 1_800_000_000,
    });
    expect(ask({ facts: old, sawText: false })).toBeUndefined();
    expect(
      ask({ facts: turn({ primary: { used_percent: 99 } }, {}), sawText: true }),
    ).toBeUndefined();
    expect(ask({ facts: turn(undefined, {}), sawText: true })).toBeUndefined();
    const answered = turn(FULL, { last_agent_message: `■ ${LIMIT}` });
    expect(ask({ facts: answered, sawText: true })).toBeUndefined();
  });

  test('a replayed turn proves nothing (fact 65)', () => {
    expect(ask({ facts: turn(FULL, { error: EXCEEDED }, BEFORE) })).toBeUndefined();
    const copied = turn(FULL, { error: EXCEEDED, completed_at: START / 1000 - 60 });
    expect(ask({ facts: copied })).toBeUndefined();
    const fresh = turn(FULL, { error: EXCEEDED, completed_at: START / 1000 });
    expect(ask({ facts: fresh })).toBeDefined();
    expect(ask({ facts: fresh, seenTurnIds: new Set(['turn-1']) })).toBeUndefined();
  });

  test('a turn that began after the failed one', () => {
    const went = [...turn(FULL, { error: EXCEEDED }), ...facts(taskStarted('turn-2', AFTER))];
    expect(ask({ facts: went })).toBeUndefined();
    const again = [...went, ...facts(taskComplete({ turn_id: 'turn-2', error: EXCEEDED }, AFTER))];
    expect(ask({ facts: again })).toMatchObject({ turnId: 'turn-2' });
    const answered = [
      ...went,
      ...facts(taskComplete({ turn_id: 'turn-2', last_agent_message: 'ok' }, AFTER)),
    ];
    expect(ask({ facts: answered })).toBeUndefined();
  });

  test.each([
    'server_overloaded',
    'other',
    'unauthorized',
    'context_window_exceeded',
    { response_stream_disconnected: { http_status_code: 429 } },
  ])('not a limit: %j', (info) => {
    const error = { message: `■ ${LIMIT}`, codex_error_info: info };
    expect(ask({ facts: turn(FULL, { error }), sawText: true })).toBeUndefined();
  });

  test('a login that is gone', () => {
    const message =
      'Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.';
    const error = { message, codex_error_info: 'unauthorized' };
    expect(ask({ facts: turn(undefined, { error }) })).toEqual({
      kind: 'needs-login',
      turnId: 'turn-1',
      message,
    });
  });

  const week = { used_percent: 100, window_minutes: 10_080, resets_at: 1_900_000_000 };
  const error = (message: string) => ({ error: { ...EXCEEDED, message } });

  test.each([
    [
      'weekly',
      { primary: { used_percent: 12, window_minutes: 300 }, secondary: week },
      error(LIMIT),
      { kind: 'window-weekly', until: 1_900_000_000 },
    ],
    ['weekly in the first place', { primary: week }, error(LIMIT), { kind: 'window-weekly' }],
    [
      'both',
      { ...FULL, secondary: week },
      error(LIMIT),
      { kind: 'window-weekly', until: 1_900_000_000 },
    ],
    [
      'a month',
      { primary: { ...week, window_minutes: 43_200 } },
      error(LIMIT),
      { kind: 'window-other' },
    ],
    // Its sentence names a time, but no window is full.
    ['no snapshot', undefined, error(LIMIT), { kind: 'unknown' }],
    [
      'a full window without a time: that of the sentence',
      { primary: { used_percent: 100, window_minutes: 300 } },
      error(LIMIT),
      { kind: 'window-5h', until: TWENTY_TO_FOUR },
    ],
    [
      'refused at 25%',
      { primary: { ...FULL.primary, used_percent: 25 } },
      error(LIMIT),
      { kind: 'unknown' },
    ],
    [
      'named bucket',
      { ...FULL, limit_id: 'spark', limit_name: 'GPT Spark' },
      error(
        "You've hit your usage limit for GPT Spark. Switch to another model now, or try again later.",
      ),
      { kind: 'model-bucket', limitName: 'GPT Spark', until: 1_800_000_000 },
    ],
    [
      'credits',
      { ...FULL, rate_limit_reached_type: 'workspace_owner_credits_depleted', plan_type: 'team' },
      error('Your workspace is out of credits.'),
      { kind: 'workspace-credits', plan: 'team' },
    ],
    [
      'credits, reworded',
      { rate_limit_reached_type: 'workspace_member_credits_depleted' },
      error('?'),
      { kind: 'workspace-credits' },
    ],
    [
      'cap',
      { rate_limit_reached_type: 'workspace_owner_usage_limit_reached' },
      error('?'),
      { kind: 'spend-cap' },
    ],
    [
      'member cap',
      { rate_limit_reached_type: 'workspace_member_usage_limit_reached' },
      error('?'),
      { kind: 'spend-cap' },
    ],
    [
      'quota',
      undefined,
      error('Quota exceeded. Check your plan and billing details.'),
      { kind: 'api-quota' },
    ],
    [
      'plan',
      undefined,
      error('To use Codex with your ChatGPT plan, upgrade to Plus: x.'),
      { kind: 'not-in-plan' },
    ],
    ['reserve', { ...FULL, limit_id: 'base_model_inference' }, error(LIMIT), { kind: 'reserve' }],
    ['nothing known', undefined, error('?'), { kind: 'unknown' }],
  ])('kind and time: %s', (_, limits, complete, expected) => {
    const proof = ask({ facts: turn(limits, complete) });
    expect(proof).toMatchObject(expected);
    if ((expected as { kind: string }).kind === 'unknown') {
      expect(proof).not.toHaveProperty('until');
    }
  });

  test.each(['workspace_owner_credits_depleted', 'workspace_member_usage_limit_reached'])(
    '%s has no time of its own',
    (type) => {
      const proof = ask({ facts: turn({ ...FULL, rate_limit_reached_type: type }, error('?')) });
      expect(proof).not.toHaveProperty('until');
    },
  );
});
