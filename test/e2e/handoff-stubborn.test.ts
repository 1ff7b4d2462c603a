import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { describeWhere } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// Handoffs that meet resistance: locks, a prompt that is held back, a stopped job.

const { openLab, close } = createSupervisedLab();
const holders: ChildProcess[] = [];
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  await close();
});

const TWO = [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }];
/** Writer locks are as old as this (fact 57). */
const locksThreads = codexUnderTest.isAtLeast('0.149.0');
/** After a limit it asks for the usage first. */
const holdsPrompts = codexUnderTest.isAtLeast('0.169.0');

describeWhere(locksThreads, 'it locks no thread')(
  'a thread that somebody else still writes',
  () => {
    it('is tried again until it is free', async () => {
      const { backend, hotswap } = await openLab(TWO);
      const terminal = hotswap.open();
      await ask(terminal, 'one');
      await terminal.waitForText('answer 1 from acc1');
      const holder = await queueForLock(threadLock(hotswap.sandbox.codexHome));
      await ask(terminal, 'two');
      await hotswap.waitForEvent('retry', 2);
      holder.kill('SIGKILL');
      await terminal.waitForText('answer 1 from acc2');
      expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual(['one', 'two', 'continue']);
      expect(hotswap.eventsOf('rotated')).toHaveLength(1);
    });
  },
);

describeWhere(holdsPrompts, 'it does not hold prompts back')(
  'a Codex that holds its prompt back',
  () => {
    it('is given no second one', async () => {
      const { backend, hotswap } = await openLab(TWO);
      const terminal = hotswap.open();
      await ask(terminal, 'one');
      await terminal.waitForText('answer 1 from acc1');
      const release = backend.hold('usage');
      await ask(terminal, 'two');
      await hotswap.waitForEvent('rotated');
      const before = terminal.raw().length;
      const isQueued = () => terminal.raw().subarray(before).includes('Queued');
      await terminal.waitUntil(isQueued, 'our prompt in its queue');
      const shown = () => terminal.screen().join('\n');
      await terminal.waitUntil(() => !/Queued|› continue/.test(shown()), 'the end of it');
      release();
      await terminal.waitForText('answer 1 from acc2');
      await ask(terminal, 'three');
      await terminal.waitForText('answer 2 from acc2');
      const texts = backend.turns('acc2').at(-1)?.turn?.userTexts;
      expect(texts).toEqual(['one', 'two', 'continue', 'three']);
    });
  },
);

describe('a stopped job', () => {
  it('takes over after fg when the limit came while it was stopped', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const codexHot = join(hotswap.sandbox.bin, 'codex-hot');
    const command = hotswap.commandLine().map((word) => `'${word}'`);
    writeFileSync(codexHot, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
    chmodSync(codexHot, 0o755);
    const env = { ...hotswap.sandbox.env, PS1: 'shell> ' };
    const terminal = hotswap.open([], { file: 'bash', args: ['--norc', '-i'], env });
    await terminal.waitForText('shell>');
    terminal.type('codex-hot\r');
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    const group = findCodexGroup(hotswap.sandbox.home);
    backend.setScript(({ account }) => {
      if (account.name !== 'acc1') return undefined;
      process.kill(-group, 'SIGSTOP');
      return { failure: 'usage-limit' };
    });
    // Up to 0.144 the record has no error: only a full window proves a limit (fact 68).
    Object.assign(backend.account('acc1'), { turnsLeft: 1, usedPercent: 100 });
    await ask(terminal, 'two');
    await terminal.waitForText(/Stopped.*codex-hot/);
    expect(hotswap.eventsOf('confirmed')).toEqual([]);
    terminal.type('fg\r');
    await terminal.waitForText('answer 1 from acc2');
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual(['one', 'two', 'continue']);
  });
});

function threadLock(codexHome: string): string {
  const threadId = readRollouts(codexHome)[0]?.threadId;
  return join(codexHome, 'thread-writer-locks', `${threadId}.lock`);
}

/** A process that waits for the lock of a living Codex, has it as soon as that ends, and keeps it. */
async function queueForLock(file: string): Promise<ChildProcess> {
  const holder = spawn('flock', ['-o', file, 'sh', '-c', 'echo locked; exec sleep 600'], {
    stdio: 'pipe',
  });
  holders.push(holder);
  await once(holder, 'spawn');
  return holder;
}

function findCodexGroup(home: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (environment.includes(`CODEX_HOME=${home}`) && /^[^\0]*\/codex\0/.test(command)) {
        const group = spawnSync('ps', ['-o', 'pgid=', '-p', pid], { encoding: 'utf8' }).stdout;
        return Number(group);
      }
    } catch {
      // gone, or not ours
    }
  }
  throw new Error('no codex runs here');
}
