import { describe, expect, it } from 'vitest';
import { explainRecording, explainRollout } from '../../../../src/cli/look/explain.ts';
import type { RolloutFact } from '../../../../src/codex/rollout.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const started: RolloutFact = { type: 'task_started', turnId: 't' };
const full: RolloutFact = {
  type: 'token_count',
  limits: { windows: [{ usedPercent: 100, minutes: 300 }] },
};
const ended = (error?: { info: string; message: string }): RolloutFact => ({
  type: 'task_complete',
  turnId: 't',
  answered: error === undefined,
  ...(error === undefined ? {} : { error }),
});
const LIMIT = {
  info: 'usage_limit_exceeded',
  message: 'You’ve hit your usage limit. Try again later.',
};

describe('a rollout', () => {
  it.each<[string, RolloutFact[], RegExp]>([
    ['a limit', [started, full, ended(LIMIT)], /turn 1: ended at a limit \(window-5h\)/],
    ['an answer', [started, ended()], /turn 1: answered: nothing to do/],
    [
      'a busy server',
      [started, ended({ info: 'server_overloaded', message: 'At capacity.' })],
      /no limit, nothing to do$/,
    ],
    [
      'a new wording without its code',
      [started, ended({ info: 'other', message: 'Your limit of tea is reached' })],
      /please report it$/,
    ],
    [
      'an old Codex',
      [started, full, { type: 'task_complete', turnId: 't', answered: false }],
      /if the screen showed a limit, too$/,
    ],
    ['a turn that goes on', [started], /has not ended/],
    ['nothing', [], /without a turn/],
  ])('with %s', (_, facts, expected) => {
    expect(explainRollout(facts, NOW).join('\n')).toMatch(expected);
  });
});

describe('a recording', () => {
  it.each([
    ['■ You’ve hit your usage limit. Try again later.', /a limit \(usage-limit\)/],
    [
      '■ Selected model is at capacity. Please try a different model.',
      /not-a-limit .*nothing to do/,
    ],
    ['■ Your tea limit is used up.', /please report it/],
    ['\u001b]7501;state=error:app=codex\u001b\\', /state: error/],
    ['a diff that says: You’ve hit your usage limit.', /nothing to do/],
  ])('%s', (text, expected) => {
    expect(explainRecording(Buffer.from(text)).join('\n')).toMatch(expected);
  });
});
