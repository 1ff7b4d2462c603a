import { describe, expect, it } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { type ReserveState, updateReserveState } from '../../../src/codex/reserve.ts';
import { buildResumeArgv } from '../../../src/codex/resume-argv.ts';
import { parseRolloutLine } from '../../../src/codex/rollout.ts';
import { event, line } from './rollout-lines.ts';

const START = Date.parse('2026-11-20T10:00:00Z');
const iso = (ms: number) => new Date(START + ms).toISOString();
const settings = (model: string, ms: number) =>
  event({ type: 'thread_settings_applied', thread_settings: { model, effort: 'low' } }, iso(ms));
const turn = (model: string, ms: number) => line('turn_context', { model }, iso(ms));

function read(lines: string[]): ReserveState | undefined {
  let state: ReserveState | undefined;
  for (const text of lines) {
    const fact = parseRolloutLine(text);
    if (fact?.type !== 'settings' && fact?.type !== 'turn_context') throw new Error(text);
    state = updateReserveState(state, fact, START);
  }
  return state;
}

describe('Codex that goes on with the reserve', () => {
  it.each<[string, string[], ReserveState | undefined]>([
    ['never', [turn('own', 1), settings('own', 2)], { onReserve: false }],
    [
      'between two turns',
      [turn('own', 1), settings('gpt-reserve', 2)],
      { onReserve: true, switchedAt: START + 2 },
    ],
    [
      'and works on with it: told once',
      [turn('own', 1), settings('gpt-reserve', 2), turn('gpt-reserve', 3)],
      { onReserve: true, switchedAt: START + 2 },
    ],
    [
      'and back: ordinary usage is there again',
      [turn('own', 1), settings('gpt-reserve', 2), settings('own', 3)],
      { onReserve: false },
    ],
    [
      'before this child was started',
      [turn('own', -9), settings('gpt-reserve', -8), settings('gpt-reserve', 5)],
      { onReserve: true },
    ],
    [
      'in its first word, so that nobody knows since when',
      [settings('gpt-reserve', 5)],
      { onReserve: true },
    ],
    ['nothing is known', [], undefined],
  ])('%s', (_what, lines, state) => {
    expect(read(lines)).toEqual(state);
  });

  it('is put back on the thread’s own model by the handoff, whatever the flags', () => {
    const thread = { model: 'own', effort: 'high' };
    const argv = (words: string[], onReserve: boolean) => {
      const invocation = parseArgv(words);
      if (invocation.mode !== 'interactive') throw new Error('no TUI');
      return buildResumeArgv(invocation, 'id', { ...thread, onReserve }).join(' ');
    };
    expect(argv([], false)).toBe('resume -- id');
    expect(argv([], true)).toBe('resume -m own -c model_reasoning_effort="high" -- id');
    expect(argv(['-m', 'first'], true)).toBe(
      'resume -m own -c model_reasoning_effort="high" -- id',
    );
  });
});
