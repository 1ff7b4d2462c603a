import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guardPrompt, TYPED_MS } from '../../../src/session/lost-prompt.ts';
import { createTimers } from '../../../src/session/timers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const PASTED = '\u001b[200~continue\u001b[201~';

function openGuard() {
  const codex = { idle: true, worked: false, asks: false };
  const typed: string[] = [];
  const guard = guardPrompt({
    prompt: 'continue',
    timers: createTimers(),
    isIdle: () => codex.idle && !codex.asks,
    hasWorked: () => codex.worked,
    isAsking: () => codex.asks,
    type: (keys) => typed.push(keys),
    awaitEcho: (_, seen) => seen(),
  });
  guard.bound();
  return { codex, typed, guard };
}

it('types a prompt that was lost after Codex had said that it works', () => {
  const { codex, typed } = openGuard();
  codex.worked = true;
  vi.advanceTimersByTime(2100);
  expect(typed).toEqual([PASTED, '\r']);
});

it('gives a slow one time, and then types it, too', () => {
  const { typed } = openGuard();
  vi.advanceTimersByTime(TYPED_MS - 1);
  expect(typed).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(typed).toEqual([PASTED, '\r']);
});

it('types nothing when the turn is on record, or runs', () => {
  const recorded = openGuard();
  recorded.guard.recorded();
  const working = openGuard();
  working.codex.idle = false;
  vi.advanceTimersByTime(60_000);
  expect([recorded.typed, working.typed]).toEqual([[], []]);
});

it('waits for the user to leave a dialog', () => {
  const { codex, typed } = openGuard();
  codex.asks = true;
  vi.advanceTimersByTime(60_000);
  expect(typed).toEqual([]);
  codex.asks = false;
  vi.advanceTimersByTime(TYPED_MS);
  expect(typed).toEqual([PASTED, '\r']);
});
