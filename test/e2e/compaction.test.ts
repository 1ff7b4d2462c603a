import { afterEach, describe, expect, it } from 'vitest';
import { ask, waitForComposer } from '../lab/composer.ts';
import { describeSince, itSince } from '../lab/playable.ts';
import { type Rollout, readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// The service puts a long thread into one item, for one account only; and that costs usage, too.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const ONE_TURN = [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }];

describe('a limit in a compaction', () => {
  const itProven = itSince(
    '0.150.0',
    'it records nothing of a limit in a compaction, which nothing proves then: the session stays',
  );

  itProven('before a turn: the turn goes on', async () => {
    const { backend, hotswap } = await openLab(ONE_TURN);
    const terminal = hotswap.open(['-c', 'model_auto_compact_token_limit=150']);
    await ask(terminal, 'before');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    const asked = backend.requests.find(({ turn }) => turn?.purpose === 'compaction');
    expect(asked).toMatchObject({
      account: 'acc1',
      outcome: { kind: 'failed', failure: 'usage-limit' },
    });
    await waitForComposer(terminal);
    // What Codex has not in its record (0.150) is typed once more.
    const said = backend.turns('acc2').at(-1)?.turn?.userTexts ?? [];
    expect(said.filter((text) => text !== 'continue')).toEqual(['before', 'after']);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });

  itProven('twice: the account after that is told to go on', async () => {
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2', turnsLeft: 0 },
      { name: 'acc3' },
    ]);
    const early = ['-c', 'model_auto_compact_token_limit=150'];
    const first = hotswap.open();
    await ask(first, 'before');
    await first.waitForText('answer 1 from acc1');
    expect(await quit(first)).toEqual({ status: 0, signal: 0 });
    const id = readRollouts(hotswap.sandbox.codexHome)[0]?.threadId as string;
    // Nobody has typed it: what is not in the record (0.150) is nowhere.
    const terminal = hotswap.open([...early, 'resume', id, 'after']);
    await terminal.waitForText('answer 1 from acc3');
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ to: 'acc2' }, { to: 'acc3' }]);
    expect(backend.turns('acc3')[0]?.turn?.userTexts.at(-1)).toBe('continue');
  });

  itProven('before a turn of an exec: it has its prompt, and goes on', async () => {
    const { backend, hotswap } = await openLab(ONE_TURN);
    await runCodex(hotswap, ['exec', 'before']);
    const id = readRollouts(hotswap.sandbox.codexHome)[0]?.threadId as string;
    const early = ['-c', 'model_auto_compact_token_limit=150'];
    const ran = await runCodex(hotswap, ['exec', 'resume', ...early, id, 'after']);
    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    const said = backend.turns('acc2').at(-1)?.turn;
    expect(said?.threadId).toBe(id);
    expect(said?.userTexts.filter((text) => text !== 'continue')).toEqual(['before', 'after']);
  });

  itProven('that was asked for: the next account waits for what the user says', async () => {
    const { backend, hotswap } = await openLab(ONE_TURN);
    const terminal = hotswap.open();
    await ask(terminal, 'before');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, '/compact');
    await hotswap.waitForEvent('bound', 2);
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual(['before', 'after']);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });
});

// Older records do not say why a turn failed (fact 68).
describeSince(
  '0.150.0',
  'its record has no error, so nothing proves that the thread may not be read',
)('a compacted thread', () => {
  it('goes on in a copy with all that was said', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 3 }, { name: 'acc2' }], {
      backend: { foreignReasoning: 'refuse' },
    });
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 2 from acc1');
    await ask(terminal, '/compact');
    await terminal.waitForText('Context compacted');
    await ask(terminal, 'three');
    await terminal.waitForText('answer 3 from acc1');
    const compacted = backend.turns('acc1').at(-1)?.turn;
    expect(compacted?.input.map(({ type }) => type)).toContain('compaction');
    expect(compacted?.texts).not.toContain('answer 1 from acc1');

    await ask(terminal, 'four');
    await terminal.waitForText('answer 1 from acc2');
    await waitForComposer(terminal);
    const [original, copy] = readRollouts(hotswap.sandbox.codexHome) as [Rollout, Rollout];
    expect(hotswap.eventsOf('copied')).toMatchObject([
      { from: original.threadId, to: copy.threadId },
    ]);
    expect(spokenIn(backend.turns('acc2').at(-1)?.turn?.texts)).toEqual([
      ...['one', 'answer 1 from acc1', 'two', 'answer 2 from acc1', 'three', 'answer 3 from acc1'],
      ...['four', 'continue', 'continue'],
    ]);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });
});

function spokenIn(texts: readonly string[] = []): string[] {
  return texts.filter((text) =>
    /^(?:one|two|three|four|continue|answer \d from acc\d)$/.test(text),
  );
}
