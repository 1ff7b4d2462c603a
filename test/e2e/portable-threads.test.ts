import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { encryptFor } from '../lab/backend/encrypted.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { startIdeThread } from '../lab/ide-thread.ts';
import { describeSince } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// The copy that another account may read (fact 61) has all that the thread has, whatever is in it.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const REFUSE = { backend: { foreignReasoning: 'refuse' } } as const;
/** One black pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
);

// Older records do not say why a turn failed (fact 68).
describeSince(
  '0.150.0',
  'its record has no error, so nothing proves that the thread may not be read',
)('a copy for another account', () => {
  it.each(['session', 'exec'])('has the image of its thread: %s', async (mode) => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }], {
      ...REFUSE,
    });
    writeFileSync(join(hotswap.sandbox.work, 'dot.png'), PNG);
    const first = ['--image=dot.png', 'what is this?'];
    if (mode === 'exec') {
      await runCodex(hotswap, ['exec', ...first]);
      const id = readRollouts(hotswap.sandbox.codexHome)[0]?.threadId as string;
      await runCodex(hotswap, ['exec', 'resume', id, 'after']);
    } else {
      const terminal = hotswap.open(first);
      await terminal.waitForText('answer 1 from acc1');
      await ask(terminal, 'after');
      await terminal.waitForText('answer 1 from acc2');
    }
    expect(hotswap.eventsOf('copied')).toHaveLength(1);
    const turn = backend.turns('acc2').at(-1)?.turn;
    expect(turn?.userTexts).toEqual(expect.arrayContaining(['what is this?', 'after']));
    expect(JSON.stringify(turn?.input).split(PNG.toString('base64'))).toHaveLength(2);
  });

  // With 0.150 the history of such a thread is a legacy one, as all were before 0.149.
  it('is made of an editor’s thread, too', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }], {
      ...REFUSE,
    });
    await hotswap.command('use', 'acc1');
    const id = await startIdeThread(hotswap.sandbox, 'before');
    const terminal = hotswap.open(['resume', id]);
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    expect(hotswap.eventsOf('copied')).toMatchObject([{ from: id }]);
    const turn = backend.turns('acc2').at(-1)?.turn;
    expect(turn?.userTexts).toEqual(['before', 'after', 'continue', 'continue']);
    expect(turn?.texts).toContain('answer 1 from acc1');
  });

  it('says that agents wrote to each other, and not what', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }], REFUSE);
    backend.setScript(({ isContinuation, texts, userTexts }) => {
      if (isContinuation) return undefined;
      if (texts.some((text) => text.includes('NEW_TASK'))) {
        return { calls: [{ kind: 'send_message', to: '/root' }] };
      }
      return userTexts.at(-1) === 'before'
        ? { calls: [{ kind: 'spawn_agent', to: 'foxes' }] }
        : undefined;
    });
    const terminal = hotswap.open();
    await ask(terminal, 'before');
    await terminal.waitForText('Completed `/root/foxes`');
    // Codex gives the messages to the next turn, or under load to one of their own (0.150).
    await ask(terminal, 'between');
    await backend.waitForRequest(({ turn }) => turn?.userTexts.at(-1) === 'between');
    await waitForComposer(terminal);
    backend.account('acc1').turnsLeft = 0;
    await ask(terminal, 'after');
    await terminal.waitForText(/answer \d from acc2/);
    expect(hotswap.eventsOf('copied')).toHaveLength(1);
    const turn = backend.turns('acc2').at(-1)?.turn;
    expect(turn?.userTexts).toEqual(['before', 'between', 'after', 'continue', 'continue']);
    expect(turn?.texts).toContain(
      'spawn_agent {"task_name":"foxes"} → {"task_name":"/root/foxes"}',
    );
    expect(turn?.texts).toContainEqual(expect.stringContaining('Sender: /root/foxes'));
    expect(turn?.texts).toContain('(not readable for this account)');
    expect(JSON.stringify(turn?.input)).not.toContain(encryptFor('acc1'));
  });
});
