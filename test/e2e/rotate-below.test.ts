import { afterEach, expect, it } from 'vitest';
import { ask, waitForComposer } from '../lab/composer.ts';
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

it('not to one that has as little, and not by itself', async () => {
  const { backend, hotswap } = await openLab(
    [
      { name: 'acc1', usedPercent: 97 },
      { name: 'acc2', usedPercent: 98 },
    ],
    { settings },
  );
  const terminal = hotswap.open();
  await ask(terminal, 'one');
  await hotswap.waitForEvent('rotated');
  await hotswap.waitForEvent('bound', 2);
  for (const [index, prompt] of ['two', 'three', 'four'].entries()) {
    await ask(terminal, prompt);
    await terminal.waitForText(`answer ${index + 1} from acc2`);
  }
  await waitForComposer(terminal);
  expect(hotswap.eventsOf('rotated')).toHaveLength(1);
  // What was told of acc1 is on record: that is why nothing goes back to it.
  expect(hotswap.account('acc1').usage).toMatchObject({
    source: 'session',
    windows: [{ usedPercent: 97 }, { usedPercent: 40 }],
  });
  expect(backend.turns('acc1')).toHaveLength(1);
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
});

it('not while a prompt is being written', async () => {
  const { backend, hotswap } = await openLab(
    [{ name: 'acc1', usedPercent: 97 }, { name: 'acc2' }],
    { settings },
  );
  const terminal = hotswap.open();
  let release = () => {};
  const until = new Promise<void>((resume) => {
    release = resume;
  });
  backend.enqueue([{ until }]);
  await ask(terminal, 'one');
  await terminal.waitUntil(() => backend.turns('acc1').length === 1, 'the turn');
  terminal.type('a draft');
  await terminal.waitForText('a draft');
  release();
  await terminal.waitForText('answer 1 from acc1');
  await waitForComposer(terminal);
  terminal.press('enter');
  await terminal.waitForText('answer 2 from acc1');
  expect(backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual(['one', 'a draft']);
  // With an empty composer it does.
  await hotswap.waitForEvent('rotated');
  await hotswap.waitForEvent('bound', 2);
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
});

it('not unless it is asked for', async () => {
  const accounts = [{ name: 'acc1', usedPercent: 97 }, { name: 'acc2' }];
  const { hotswap } = await openLab(accounts);
  const terminal = hotswap.open();
  await ask(terminal, 'one');
  await terminal.waitForText('answer 1 from acc1');
  await ask(terminal, 'two');
  await terminal.waitForText('answer 2 from acc1');
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  expect(hotswap.eventsOf('rotated')).toEqual([]);
});
