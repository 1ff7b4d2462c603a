import { expect, it } from 'vitest';
import type { Roomier } from '../../../../src/handoff/accounts.ts';
import { createEarlyHandoff } from '../../../../src/session/tui/early-handoff.ts';

const ACC2: Roomier = { target: 'acc2', room: { left: 3, minutes: 300 } };
const ACC3: Roomier = { target: 'acc3', room: { left: 2 } };

function begin() {
  const world = { free: true, presses: 0, resting: true };
  const moved: string[] = [];
  const due: (() => void)[] = [];
  const early = createEarlyHandoff({
    timers: { after: (_ms, act) => void due.push(act), cancel: () => undefined },
    isFree: () => world.free,
    presses: () => world.presses,
    isResting: async () => world.resting,
    move: ({ target }) => moved.push(target),
  });
  async function rest(): Promise<void> {
    for (const act of due.splice(0)) act();
    await new Promise((resume) => setImmediate(resume));
  }
  return { world, moved, early, rest };
}

it('moves once, after a rest', async () => {
  const { early, moved, rest } = begin();
  early.consider(ACC2);
  expect(moved).toEqual([]);
  await rest();
  await rest();
  expect(moved).toEqual(['acc2']);
});

it.each([
  ['something stands in the composer', { free: false }],
  ['a key was pressed since, be it `/new` and Enter', { presses: 1 }],
  ['the next turn has begun', { resting: false }],
])('stays where it is when %s', async (_, change) => {
  const { early, moved, rest, world } = begin();
  early.consider(ACC2);
  Object.assign(world, change);
  await rest();
  await rest();
  expect(moved).toEqual([]);
});

it('the end of the last turn counts', async () => {
  const { early, moved, rest } = begin();
  early.consider(ACC2);
  early.consider(ACC3);
  await rest();
  expect(moved).toEqual(['acc3']);
});
