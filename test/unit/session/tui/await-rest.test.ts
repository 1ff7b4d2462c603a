import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTimers } from '../../../../src/handoff/timers.ts';
import { createRestWaiter } from '../../../../src/session/tui/await-rest.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const world = { wanted: true, free: true, resting: true, presses: 0, rested: 0 };
  const waiter = createRestWaiter({
    timers: createTimers(),
    isWanted: () => world.wanted,
    isFree: () => world.free,
    presses: () => world.presses,
    isResting: async () => world.resting,
    rested() {
      world.rested += 1;
      world.wanted = false;
    },
  });
  return { world, waiter, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

describe('the rest after an agent has met the limit', () => {
  it('is told once when it has lasted a second', async () => {
    const { world, waiter, pass } = open();
    for (let time = 0; time < 3; time += 1) waiter.begin();
    await pass(900);
    expect(world.rested).toBe(0);
    await pass(200);
    expect(world.rested).toBe(1);
    await pass(10_000);
    expect(world.rested).toBe(1);
    // The next agent begins anew.
    world.wanted = true;
    waiter.begin();
    await pass(1100);
    expect(world.rested).toBe(2);
  });

  it.each([
    ['a turn runs', 'resting'],
    ['a handoff is under way', 'free'],
  ] as const)('waits while %s', async (_, key) => {
    const { world, waiter, pass } = open();
    world[key] = false;
    waiter.begin();
    await pass(60_000);
    expect(world.rested).toBe(0);
    world[key] = true;
    await pass(3100);
    expect(world.rested).toBe(1);
  });

  it('waits while somebody types', async () => {
    const { world, waiter, pass } = open();
    waiter.begin();
    for (let key = 0; key < 40; key += 1) {
      world.presses += 1;
      await pass(300);
    }
    expect(world.rested).toBe(0);
    await pass(3100);
    expect(world.rested).toBe(1);
  });

  it('is not waited for any more when the session has moved on', async () => {
    const { world, waiter, pass } = open();
    world.resting = false;
    waiter.begin();
    await pass(5000);
    world.wanted = false;
    await pass(2000);
    expect(vi.getTimerCount()).toBe(0);
    world.resting = true;
    await pass(5000);
    expect(world.rested).toBe(0);
  });
});
