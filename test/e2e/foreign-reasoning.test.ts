import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { ask } from '../lab/composer.ts';
import { readRegistry } from '../lab/launches.ts';
import { readOurLines } from '../lab/our-lines.ts';
import { describeSince } from '../lab/playable.ts';
import { type Rollout, readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// A service that does not take what another account's model thought (fact 61): the conversation goes on in a copy.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const REFUSE = { backend: { foreignReasoning: 'refuse' } } as const;

// Older records do not say why a turn failed (fact 68).
describeSince(
  '0.150.0',
  'its record has no error, so nothing proves that the thread may not be read',
)('the next account may not read the thread', () => {
  it('and goes on in a copy, while the original stays with its own account', async () => {
    const { backend, hotswap } = await openLab(
      [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }],
      REFUSE,
    );
    const terminal = hotswap.open(['-m', 'lab-model']);
    await ask(terminal, 'before');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    await ask(terminal, 'and on');
    await terminal.waitForText('answer 2 from acc2');

    const [original, copy] = readRollouts(hotswap.sandbox.codexHome) as [Rollout, Rollout];
    expect(backend.turns('acc2').at(-1)?.turn).toMatchObject({
      threadId: copy.threadId,
      model: 'lab-model',
      userTexts: ['before', 'after', 'continue', 'continue', 'and on'],
    });
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ thread: original.threadId }]);
    expect(hotswap.eventsOf('copied')).toMatchObject([
      { target: 'acc2', from: original.threadId, to: copy.threadId },
    ]);
    expect(readRegistry(hotswap.sandbox)[0]?.segments).toMatchObject([
      { target: 'acc1', thread: original.threadId },
      { target: 'acc2', thread: original.threadId },
      { target: 'acc2', thread: copy.threadId, copyOf: original.threadId },
    ]);
    expect(readOurLines(terminal)).toEqual([
      expect.stringMatching(/^acc1: its 5-hour limit is used up until .*; going on under acc2$/),
      expect.stringMatching(
        new RegExp(`^acc2 may not read .* a copy of the thread, ${copy.threadId}$`),
      ),
    ]);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });

    const untouched = readFileSync(original.file);
    backend.account('acc1').turnsLeft = 5;
    await hotswap.command('reset', 'acc1');
    const again = hotswap.open(['resume', original.threadId]);
    await ask(again, 'once more');
    await again.waitForText('answer 2 from acc1');
    expect(backend.turns('acc1').at(-1)?.turn?.threadId).toBe(original.threadId);
    expect(readFileSync(original.file).subarray(0, untouched.length)).toEqual(untouched);
    expect(await quit(again)).toEqual({ status: 0, signal: 0 });
  });

  it('that another session left behind', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }], REFUSE);
    const first = hotswap.open();
    await ask(first, 'before');
    await first.waitForText('answer 1 from acc1');
    expect(await quit(first)).toEqual({ status: 0, signal: 0 });
    const [original] = readRollouts(hotswap.sandbox.codexHome) as [Rollout];

    const bin = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
    const args = [bin, 'launch', 'acc2', '--', 'resume', original.threadId];
    const terminal = hotswap.open([], { args });
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual([
      ...['before', 'after', 'continue'],
    ]);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
    expect(hotswap.eventsOf('copied')).toMatchObject([{ from: original.threadId }]);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });
});
