import { afterEach, expect, it } from 'vitest';
import { readThreadNames } from '../../src/codex/thread-names.ts';
import type { Backend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import { itSince } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// Codex names a thread after a prompt (fact 101). After a handoff that is the user's prompt, not ours.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const PROMPT = 'please look for foxes';
/** What Codex asked a model to name a thread by. */
const namedBy = (backend: Backend) =>
  backend.requests.flatMap(({ turn }) =>
    turn?.purpose === 'title' ? turn.userTexts.map((text) => text.split('\n').at(-1)) : [],
  );
/** The row of Codex's own list. */
async function listRow(hotswap: Supervised, wanted: RegExp): Promise<string | undefined> {
  const list = hotswap.open(['resume'], { columns: 120 });
  await list.waitForText(wanted);
  const row = list.screen().find((line) => wanted.test(line));
  await list.dispose();
  return row;
}

it('the first prompt of a thread meets the limit: the thread is named after that prompt', async () => {
  const settings = { resumeList: 'codex' };
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }], {
    settings,
  });
  const terminal = hotswap.open();
  await ask(terminal, PROMPT);
  await terminal.waitForText('answer 1 from acc2');
  await ask(terminal, 'and hares');
  await terminal.waitForText('answer 2 from acc2');
  await quit(terminal);
  expect(namedBy(backend)).not.toContain('continue');
  expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  // The thread is of the account that began it (fact 59), which is used first again when its figures say so.
  Object.assign(backend.account('acc1'), { turnsLeft: Number.POSITIVE_INFINITY, usedPercent: 2 });
  await hotswap.command('refresh', 'acc1');
  await hotswap.command('use', 'acc1');
  expect(await listRow(hotswap, /(?:\d+s ago|\bnow) /)).toMatch(
    / {2,}(?:● )?please look for foxes\s*$/,
  );
});

const scene = itSince(
  '0.160.0',
  'an older Codex names no thread, or names it by the prompt (fact 101)',
);

scene('a thread that has its name keeps it, and no other is asked for', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 2 }, { name: 'acc2' }]);
  const { id, name } = await beginNamed(hotswap);
  expect(id).toBe(readRollouts(hotswap.sandbox.codexHome)[0]?.threadId);
  expect(name(id)).toBe('Name the thread');
  expect(namedBy(backend)).toEqual([PROMPT]);
});

scene('a copy of a thread has the name of its original', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 2 }, { name: 'acc2' }], {
    backend: { foreignReasoning: 'refuse' },
  });
  const { id, name } = await beginNamed(hotswap);
  const [copied] = hotswap.eventsOf('copied');
  expect(copied?.from).toBe(id);
  expect(name(copied?.to)).toBe('Name the thread');
  expect(namedBy(backend)).toEqual([PROMPT]);
});

/** A thread that the service has named under acc1, and that goes on under acc2. */
async function beginNamed(hotswap: Supervised) {
  const { codexHome } = hotswap.sandbox;
  const name = (id = '') => readThreadNames(codexHome).get(id);
  const terminal = hotswap.open();
  await ask(terminal, PROMPT);
  await terminal.waitForText('answer 1 from acc1');
  const id = readRollouts(codexHome)[0]?.threadId;
  await terminal.waitUntil(() => name(id) !== undefined, 'a name');
  await ask(terminal, 'and hares');
  await terminal.waitForText('answer 2 from acc1');
  await ask(terminal, 'and deer');
  await terminal.waitForText('answer 1 from acc2');
  await quit(terminal);
  return { id, name };
}
