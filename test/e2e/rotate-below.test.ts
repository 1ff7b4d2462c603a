import { afterEach, expect, it } from 'vitest';
import { ask } from '../lab/composer.ts';
import { waitForOurLine } from '../lab/our-lines.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// `rotateBelow`: at the end of a turn, before the limit, on the real Codex.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const settings = { rotateBelow: 10 };

it('with little left the thread goes on under another at the end of a turn, and nothing is sent', async () => {
  const { backend, hotswap } = await openLab(
    [{ name: 'acc1', usedPercent: 97 }, { name: 'acc2', usedPercent: 95 }, { name: 'acc3' }],
    { settings },
  );
  const terminal = hotswap.open();
  await ask(terminal, 'one');
  await terminal.waitForText('answer 1 from acc1');
  const moved = await hotswap.waitForEvent('rotated');
  expect(moved).toMatchObject({ from: 'acc1', to: 'acc2', kind: 'low', left: 3, minutes: 300 });
  await hotswap.waitForEvent('bound', 2);
  await waitForOurLine(terminal, /acc1: only 3% of its 5-hour limit is left; going on under acc2/);
  await ask(terminal, 'two');
  await terminal.waitForText('answer 1 from acc2');
  // Nobody had told how much acc2 has; now it goes on to acc3, and not back.
  expect(await hotswap.waitForEvent('rotated', 2)).toMatchObject({ from: 'acc2', to: 'acc3' });
  await hotswap.waitForEvent('bound', 3);
  await ask(terminal, 'three');
  await terminal.waitForText('answer 1 from acc3');

  expect(backend.turns('acc3')[0]?.turn?.userTexts).toEqual(['one', 'two', 'three']);
  expect(backend.turns().map(({ account }) => account)).toEqual(['acc1', 'acc2', 'acc3']);
  expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  for (const name of ['acc1', 'acc2']) expect(hotswap.account(name).marks).toEqual([]);
  expect(hotswap.eventsOf('suspected')).toEqual([]);
  expect(terminal.raw().includes('\u001b]9;codex: ')).toBe(false);
  const log = await hotswap.command('log');
  expect(log).toMatch(/went from acc1 to acc2: only 3% of its 5-hour limit is left \[thread /);
  expect(await hotswap.command('status')).not.toMatch(/used up|limit reached/);
});
