import { describe, expect, it } from 'vitest';
import { proveForeignReasoning } from '../../../src/codex/foreign-reasoning.ts';
import type { RolloutFact } from '../../../src/codex/rollout.ts';

const START = Date.parse('2026-11-21T03:00:00Z');
const MESSAGE = '{"error":{"code":"invalid_encrypted_content","message":"could not be verified"}}';

const begun: RolloutFact = { type: 'task_started', turnId: 'turn', at: START + 10 };
const ended = (more: Partial<Extract<RolloutFact, { type: 'task_complete' }>>): RolloutFact => ({
  ...{ type: 'task_complete', turnId: 'turn', answered: false, at: START + 20 },
  ...more,
});
const refused = ended({ error: { message: MESSAGE, info: 'other' } });

describe('a thread that the service refuses as it is', () => {
  it.each<[string, RolloutFact[], string | undefined]>([
    ['its last turn failed of it', [begun, refused], 'turn'],
    ['without the beginning of the turn', [refused], 'turn'],
    ['a replay of an earlier start', [begun, { ...refused, at: START - 1 }], undefined],
    ['another turn has begun since', [begun, refused, { ...begun, turnId: 'next' }], undefined],
    ['another turn has ended well since', [refused, ended({ turnId: 'next' })], undefined],
    [
      'another error',
      [begun, ended({ error: { message: 'server error', info: 'other' } })],
      undefined,
    ],
    ['an answer', [begun, ended({ answered: true })], undefined],
    ['a record that does not say why (up to 0.144)', [begun, ended({})], undefined],
    ['no turn at all', [], undefined],
  ])('%s', (_what, facts, turn) => {
    const question = { facts, startedAtMs: START, seenTurnIds: new Set<string>() };
    expect(proveForeignReasoning(question)).toBe(turn);
  });

  it('is told once', () => {
    const question = { facts: [begun, refused], startedAtMs: START };
    expect(proveForeignReasoning({ ...question, seenTurnIds: new Set(['turn']) })).toBeUndefined();
  });
});
