import { afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../../src/registry/launch-record.ts';
import { ask, openNewThread, waitForComposer } from '../lab/composer.ts';
import { readRegistry } from '../lab/launches.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// Which account ran which part of which thread, as the session registry remembers it.

const { openLab, close } = createSupervisedLab();
afterEach(close);

describe('a session in the terminal', () => {
  it('is on record before its first turn, then with its thread, and after a kill -9', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    const { work, codexHome } = hotswap.sandbox;
    const terminal = hotswap.open(['-m', 'lab-model']);
    await waitForComposer(terminal);
    const [pending] = readRegistry(hotswap.sandbox);
    expect(pending).toMatchObject({
      state: 'pending',
      pid: terminal.pid,
      cwd: work,
      args: ['-m', 'lab-model'],
      mode: 'interactive',
      segments: [
        { target: 'acc1', identity: { userId: 'user-acc1', accountId: 'workspace-acc1' } },
      ],
    });

    await ask(terminal, 'hello');
    await terminal.waitForText('answer 1 from acc1');
    await hotswap.waitForEvent('bound');
    const [rollout] = readRollouts(codexHome);
    const [bound] = readRegistry(hotswap.sandbox);
    expect(bound).toMatchObject({
      state: 'bound',
      launch: pending?.launch,
      thread: rollout?.threadId,
      rollout: rollout?.file,
    });
    expect(bound && isRunning(bound)).toBe(true);

    terminal.signal('SIGKILL');
    await terminal.waitForExit();
    expect(readRegistry(hotswap.sandbox)).toEqual([bound]);
    expect(bound && isRunning(bound)).toBe(false);
  });

  it('has a segment for each account, and each account the usage of its own', async () => {
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 1, usedPercent: 60 },
      { name: 'acc2', usedPercent: 30 },
      { name: 'acc3' },
    ]);
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc2');
    await quit(terminal);

    const [record] = readRegistry(hotswap.sandbox);
    const [rollout] = readRollouts(hotswap.sandbox.codexHome);
    const place = { thread: rollout?.threadId, rollout: rollout?.file };
    expect(record).toMatchObject({ state: 'ended', ...place });
    expect(record?.segments).toMatchObject([
      { target: 'acc1', identity: { userId: 'user-acc1' }, ...place },
      { target: 'acc2', identity: { userId: 'user-acc2' }, ...place },
    ]);
    for (const { from, to, firstTokenCountAt, lastTokenCountAt } of record?.segments ?? []) {
      const times = [from, firstTokenCountAt, lastTokenCountAt, to];
      expect(times).toEqual([...times].sort());
      expect(times).not.toContain(undefined);
    }
    const usage = (name: string) => hotswap.account(name).usage;
    expect(usage('acc1')).toMatchObject({ source: 'session', ...place });
    expect(usage('acc2')).toMatchObject({ source: 'session', ...place });
    const used = (name: string) =>
      (usage(name) as { windows: { minutes: number; usedPercent: number }[] }).windows.find(
        ({ minutes }) => minutes === 300,
      )?.usedPercent;
    expect([used('acc1'), used('acc2')]).toEqual([100, 30]);
    expect(backend.turns('acc3')).toEqual([]);
    expect(usage('acc3')).toBeUndefined();
  });

  it('that opens a new thread has a segment for that, too', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await openNewThread(terminal);
    await ask(terminal, 'two');
    await terminal.waitForText('answer 2 from acc1');
    await hotswap.waitForEvent('bound', 2);
    await quit(terminal);
    const threads = readRollouts(hotswap.sandbox.codexHome).map(({ threadId }) => threadId);
    const [record] = readRegistry(hotswap.sandbox);
    expect(threads).toHaveLength(2);
    expect(record?.segments.map(({ thread }) => thread)).toEqual(threads);
  });
});

describe('an exec', () => {
  it('has a record with its thread and accounts', async () => {
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    await runCodex(hotswap, ['exec', 'hello']);
    const [rollout] = readRollouts(hotswap.sandbox.codexHome);
    const thread = rollout?.threadId;
    expect(readRegistry(hotswap.sandbox)).toMatchObject([
      {
        state: 'ended',
        mode: 'exec',
        args: ['exec', 'hello'],
        segments: [
          { target: 'acc1', thread },
          { target: 'acc2', thread },
        ],
      },
    ]);
  });

  it('without a thread leaves one without', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    await runCodex(hotswap, ['exec', '--output-schema', 'missing.json', 'hello']);
    const [record] = readRegistry(hotswap.sandbox);
    expect(record).toMatchObject({ state: 'ended', segments: [{ target: 'acc1' }] });
    expect(record).not.toHaveProperty('thread');
  });
});
