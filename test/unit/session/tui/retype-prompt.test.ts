import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTimers } from '../../../../src/handoff/timers.ts';
import { guardPrompt, TYPED_MS } from '../../../../src/session/tui/retype-prompt.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const PASTED = '\u001b[200~continue\u001b[201~';

function openGuard() {
  const codex = {
    idle: true,
    worked: false,
    asks: false,
    works: false,
    hasTurn: false,
    lives: true,
    queues: false,
  };
  let forgotten = 0;
  const typed: string[] = [];
  const guard = guardPrompt({
    prompt: 'continue',
    timers: createTimers(),
    isIdle: () => codex.idle && !codex.asks && !codex.works,
    hasWorked: () => codex.worked,
    readRecord: async () => {
      if (codex.hasTurn) guard.recorded();
      return codex.lives;
    },
    isAsking: () => codex.asks,
    isWorking: () => codex.works,
    type: (keys) => typed.push(keys),
    awaitEcho(text, seen) {
      if (text === 'continue' || codex.queues) setTimeout(seen, 1);
    },
    forgetEcho: () => {
      forgotten += 1;
    },
  });
  guard.bound();
  return { codex, typed, guard, forgotten: () => forgotten };
}

it('types a prompt that was lost after Codex had said that it works', async () => {
  const { codex, typed } = openGuard();
  codex.worked = true;
  await vi.advanceTimersByTimeAsync(2100);
  expect(typed).toEqual([PASTED, '\r']);
});

it('takes back a prompt that Codex queues behind the one that it only holds', async () => {
  const { codex, typed } = openGuard();
  codex.worked = true;
  codex.queues = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(typed).toEqual([PASTED, '\r', '\u001b[1;2D', '\u007f'.repeat('continue'.length)]);
});

it('looks for the queue no longer than it may take', async () => {
  const { codex, forgotten } = openGuard();
  codex.worked = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(forgotten()).toBe(1);
});

it('leaves alone what is queued once the turn is on record', async () => {
  const { codex, guard, forgotten } = openGuard();
  codex.worked = true;
  await vi.advanceTimersByTimeAsync(2100);
  expect(forgotten()).toBe(0);
  guard.recorded();
  await vi.advanceTimersByTimeAsync(60_000);
  guard.recorded();
  // Whoever waits for an echo later is not disturbed.
  expect(forgotten()).toBe(1);
});

it('gives a slow one time, and then types it, too', async () => {
  const { typed } = openGuard();
  await vi.advanceTimersByTimeAsync(TYPED_MS - 1);
  expect(typed).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(typed).toEqual([PASTED, '\r']);
});

it('types nothing when the turn is on record, or runs', async () => {
  const recorded = openGuard();
  recorded.guard.recorded();
  const working = openGuard();
  working.codex.idle = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([recorded.typed, working.typed]).toEqual([[], []]);
});

it('types nothing after a turn that nobody has seen in the record before', async () => {
  const early = openGuard();
  early.codex.worked = true;
  early.codex.hasTurn = true;
  const late = openGuard();
  late.codex.worked = true;
  await vi.advanceTimersByTimeAsync(2020);
  late.codex.hasTurn = true;
  await vi.advanceTimersByTimeAsync(60_000);
  // What was typed is taken back, once.
  expect([early.typed, late.typed]).toEqual([[], [PASTED, '\u007f'.repeat('continue'.length)]]);
});

it('types nothing into the one that has come after it', async () => {
  const { codex, typed } = openGuard();
  codex.worked = true;
  await vi.advanceTimersByTimeAsync(2020);
  codex.lives = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(typed).toEqual([PASTED]);
});

it('waits for MCP servers that start, however long that takes', async () => {
  const { codex, typed } = openGuard();
  codex.works = true;
  codex.worked = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(typed).toEqual([]);
  codex.works = false;
  await vi.advanceTimersByTimeAsync(2100);
  expect(typed).toEqual([PASTED, '\r']);
});

it('waits for the user to leave a dialog', async () => {
  const { codex, typed } = openGuard();
  codex.asks = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(typed).toEqual([]);
  codex.asks = false;
  await vi.advanceTimersByTimeAsync(TYPED_MS);
  expect(typed).toEqual([PASTED, '\r']);
});
