import { afterEach, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import { describeSince } from '../lab/playable.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// A thread that works towards a `/goal` by itself goes on with that, not with the one prompt.

const { openLab, close } = createSupervisedLab();
afterEach(close);

describeSince('0.150.0', 'measured from there on only')('an active goal', () => {
  it('is halted by a limit, and goes on under the next account', async () => {
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 2 },
      { name: 'acc2', turnsLeft: 2 },
      { name: 'acc3', turnsLeft: 2 },
    ]);
    const terminal = hotswap.open();
    await ask(terminal, '/goal reach the top');
    // Two turns under each: the prompt, then of the goal's own.
    await hotswap.waitForEvent('exhausted', 1, 45_000);
    const answered = backend.turns().filter(({ outcome }) => outcome?.kind === 'answered');
    expect(answered.map((request) => [request.account, isOfGoal(request)])).toEqual([
      ['acc1', true],
      ['acc1', true],
      ['acc2', false],
      ['acc2', true],
      ['acc3', false],
      ['acc3', true],
    ]);
    expect(hotswap.eventsOf('rotated').map(({ to }) => to)).toEqual(['acc2', 'acc3']);
  });
});

type Request = Backend['requests'][number];

/** Its last text is Codex's own: work towards the goal. */
const isOfGoal = ({ turn }: Request) =>
  turn?.texts.at(-1)?.includes('Continue working toward the active thread goal') ?? false;
