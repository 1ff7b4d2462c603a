import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, openNewThread } from '../lab/composer.ts';
import { itWhere } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// Whatever thread is in front when the limit comes goes on, and no other.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const TWO = [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }];

describe('the thread that goes on', () => {
  it('is the one of the very first turn', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const terminal = hotswap.open(['the prompt on the command line']);
    await terminal.waitForText('answer 1 from acc2');
    expect(lastTexts(backend)).toEqual(['the prompt on the command line', 'continue']);
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  });

  it('is the new one after /new', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const terminal = hotswap.open();
    await ask(terminal, 'in the old thread');
    await terminal.waitForText('answer 1 from acc1');
    await openNewThread(terminal);
    await ask(terminal, 'in the new thread');
    await terminal.waitForText('answer 1 from acc2');
    expect(lastTexts(backend)).toEqual(['in the new thread', 'continue']);
    expect(await quit(terminal)).toMatchObject({ status: 0 });
  });

  it('is the resumed one after codex resume <id>, and a replayed limit rotates nothing', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const threadId = await leaveThreadAtItsLimit(hotswap);
    backend.account('acc1').turnsLeft = 1;
    await hotswap.command('reset', 'acc1');
    await hotswap.command('use', 'acc1');

    const terminal = hotswap.open(['resume', threadId]);
    // Up to 0.144 the record has nothing of the error (fact 68), so none is shown.
    if (codexUnderTest.isAtLeast('0.150.0')) await terminal.waitForText(/hit your usage limit/);
    await ask(terminal, 'it works again');
    await terminal.waitForText(/answer \d+ from acc1/);
    expect(hotswap.eventsOf('rotated')).toEqual([]);

    await ask(terminal, 'and is used up again');
    await terminal.waitForText(/answer \d+ from acc2/);
    expect(backend.turns('acc2').at(-1)?.turn?.threadId).toBe(threadId);
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ thread: threadId }]);
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  });

  // 0.150 forks no thread below a linked `sessions/` (fact 58).
  itWhere(
    codexUnderTest.hasNoDaemon,
    'its fork wants the thread below the real path of CODEX_HOME',
  )('is the fork after codex fork <id>', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const threadId = await leaveThreadAtItsLimit(hotswap);
    await hotswap.command('reset', 'acc1');
    await hotswap.command('use', 'acc1');
    backend.account('acc1').turnsLeft = 1;

    const terminal = hotswap.open(['fork', threadId]);
    await ask(terminal, 'in the fork');
    await terminal.waitForText(/answer \d+ from acc1/);
    await ask(terminal, 'in the fork again');
    await terminal.waitForText(/answer \d+ from acc2/);
    const last = backend.turns('acc2').at(-1)?.turn;
    expect(last?.threadId).not.toBe(threadId);
    expect(last?.userTexts.slice(-3)).toEqual(['in the fork', 'in the fork again', 'continue']);
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ thread: last?.threadId }]);
  });
});

/** A thread whose last turn failed of the limit, made by plain Codex. */
async function leaveThreadAtItsLimit({ sandbox }: Supervised): Promise<string> {
  const env = { CODEX_HOME: `${sandbox.home}/.codex` };
  await sandbox.writeVault('acc1', { directory: sandbox.codexHome });
  await sandbox.run('codex', ['exec', 'the first question'], { env });
  const threadId = readRollouts(sandbox.codexHome)[0]?.threadId ?? '';
  const second = await sandbox.run('codex', ['exec', 'resume', threadId, 'one too many'], { env });
  if (second.status !== 1) throw new Error(`no limit: ${second.stdout}${second.stderr}`);
  return threadId;
}

function lastTexts(backend: Backend): string[] | undefined {
  return backend.turns('acc2').at(-1)?.turn?.userTexts;
}
