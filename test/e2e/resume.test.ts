import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { readRegistry } from '../lab/launches.ts';
import { readOurLines, waitForOurLine } from '../lab/our-lines.ts';
import { itWhere } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// Threads are resumed whatever account began them (fact 59: Codex itself would silently begin a new one).

const CLI = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
const { openLab, close } = createSupervisedLab();
afterEach(close);

const TWO = [{ name: 'acc1' }, { name: 'acc2' }];
const threadsOf = ({ sandbox }: Supervised) =>
  readRollouts(sandbox.codexHome).map(({ threadId }) => threadId);
/** Who was asked last, and what the whole conversation was. */
const lastTurn = (backend: Backend) => {
  const last = backend.turns().at(-1);
  return [last?.account, ...(last?.turn?.userTexts ?? [])];
};
const ours = (stderr: string) =>
  stderr.split('\n').filter((line) => line.startsWith('codex-hotswap:'));

/** A conversation in the terminal under the current account. */
async function converse(hotswap: Supervised, prompt: string): Promise<string> {
  const terminal = hotswap.open();
  await ask(terminal, prompt);
  await hotswap.waitForEvent('bound', hotswap.eventsOf('launch').length);
  await terminal.waitForText(/answer \d+ from/);
  await quit(terminal);
  return threadsOf(hotswap).at(-1) as string;
}

describe('codex resume <id>', () => {
  it('goes on under the account that the thread ran under last', async () => {
    const { backend, hotswap } = await openLab(TWO);
    await runCodex(hotswap, ['exec', 'one']);
    const [id] = threadsOf(hotswap) as [string];
    await hotswap.command('use', 'acc2');
    const ran = await runCodex(hotswap, ['exec', 'resume', id, 'two']);
    expect(ran.status).toBe(0);
    expect(ours(ran.stderr)).toEqual([]);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two']);
    expect(await hotswap.command('current')).toBe('acc2\n');

    const terminal = hotswap.open(['resume', id]);
    await terminal.waitForText('two');
    await ask(terminal, 'three');
    await terminal.waitForText('answer 3 from acc1');
    await quit(terminal);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two', 'three']);
  });

  it('… unless that one is at its limit: then under the next, and it is said', async () => {
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
      { name: 'acc3' },
    ]);
    await runCodex(hotswap, ['exec', 'one']);
    const [id] = threadsOf(hotswap) as [string];
    await runCodex(hotswap, ['exec', 'elsewhere']); // marks acc1
    await hotswap.command('use', 'acc3');
    const ran = await runCodex(hotswap, ['exec', 'resume', id, 'two']);
    expect(lastTurn(backend)).toEqual(['acc2', 'one', 'two']);
    expect(ours(ran.stderr)).toEqual([
      'codex-hotswap: acc1: its 5-hour limit is used up; resuming under acc2',
    ]);
  });

  it('… whatever that is called now', async () => {
    const { backend, hotswap } = await openLab(TWO);
    await runCodex(hotswap, ['exec', 'one']);
    const [id] = threadsOf(hotswap) as [string];
    await hotswap.command('use', 'acc2');
    const { home } = hotswap.sandbox;
    const work = { name: 'work', vault: join(home, '.codex-acc1'), enabled: true };
    const config = (targets: object[]) =>
      writeFileSync(
        join(home, '.config/codex-hotswap/config.json'),
        JSON.stringify({ version: 1, targets }),
      );
    config([{ name: 'acc2' }, work]);
    const ran = await runCodex(hotswap, ['exec', 'resume', id, 'two']);
    expect(ours(ran.stderr)).toEqual([]);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two']);
    // What is gone is no account to ask for.
    config([{ name: 'acc2' }]);
    await runCodex(hotswap, ['exec', 'resume', id, 'three']);
    expect(lastTurn(backend)).toEqual(['acc2', 'one', 'two', 'three']);
  });

  it('… or another is asked for', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const id = await converse(hotswap, 'one');
    await hotswap.command('use', 'acc2');
    const words = [CLI, 'launch', 'acc2', '--', 'exec', 'resume', id, 'two'];
    await hotswap.sandbox.run(process.execPath, words);
    expect(lastTurn(backend)).toEqual(['acc2', 'one', 'two']);
    await hotswap.command('use', 'acc1');
    const terminal = hotswap.open([], { args: [CLI, 'resume', '--here', id] });
    await terminal.waitForText('two');
    await ask(terminal, 'three');
    await terminal.waitForText('answer 2 from acc1');
    await quit(terminal);
    expect(readRegistry(hotswap.sandbox)[0]).toMatchObject({ thread: id });
    await hotswap.command('use', 'acc2');
    const ran = await runCodex(hotswap, ['exec', 'resume', id, '--here', 'four']);
    expect({ status: ran.status, ours: ours(ran.stderr) }).toEqual({ status: 0, ours: [] });
    expect(lastTurn(backend)).toEqual(['acc2', 'one', 'two', 'three', 'four']);
    const last = [CLI, 'launch', 'acc1', '--', 'exec', 'resume', '--last', 'five'];
    await hotswap.sandbox.run(process.execPath, last);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two', 'three', 'four', 'five']);
  });
});

describe('codex resume <name>', () => {
  // An older Codex names no thread, or names it later (fact 101).
  itWhere(codexUnderTest.isAtLeast('0.160.0'), 'it has not named the thread by then (fact 101)')(
    'is the thread of that name, of whatever account',
    async () => {
      const { backend, hotswap } = await openLab(TWO);
      const terminal = hotswap.open();
      await ask(terminal, 'one');
      await terminal.waitForText(/answer \d+ from/);
      await terminal.waitForText('Name the thread');
      await quit(terminal);
      await hotswap.command('use', 'acc2');
      const ran = await runCodex(hotswap, ['exec', 'resume', 'Name the thread', 'two']);
      expect(ran.status).toBe(0);
      expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two']);
      expect(threadsOf(hotswap)).toHaveLength(1);
    },
  );
});

describe('codex resume --last', () => {
  it('is the newest thread of this directory, of whatever account', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const beside = join(hotswap.sandbox.work, 'beside');
    mkdirSync(beside);
    const id = await converse(hotswap, 'one');
    await runCodex(hotswap, ['exec', '-C', beside, 'in another directory']);
    await hotswap.command('use', 'acc2');
    const terminal = hotswap.open(['resume', '--last', 'two']);
    await terminal.waitForText('answer 3 from acc1');
    await quit(terminal);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two']);
    expect(readRegistry(hotswap.sandbox)[0]).toMatchObject({
      thread: id,
      args: ['resume', '--last', 'two'],
    });
    expect(threadsOf(hotswap)).toHaveLength(2);
  });

  it('finds threads of plain codex, which nobody has on record', async () => {
    const { backend, hotswap } = await openLab(TWO, { login: 'acc1' });
    const { sandbox } = hotswap;
    await sandbox.run(join(sandbox.realBin, 'codex'), ['exec', 'plainly']);
    await hotswap.command('use', 'acc2');
    const ran = await runCodex(hotswap, ['exec', 'resume', '--last', 'and now']);
    expect(ran.status).toBe(0);
    expect(lastTurn(backend)).toEqual(['acc2', 'plainly', 'and now']);
    expect(threadsOf(hotswap)).toHaveLength(1);
  });

  it('takes its prompt from stdin, and leaves the choice to Codex where there is no thread', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const none = await runCodex(hotswap, ['exec', 'resume', '--last', 'the first']);
    expect(none.status).toBe(0);
    expect(lastTurn(backend)).toEqual(['acc1', 'the first']);
    await runCodex(hotswap, ['exec', 'resume', '--last', '-'], { input: 'from stdin' });
    expect(lastTurn(backend)).toEqual(['acc1', 'the first', 'from stdin']);
  });
});

describe('codex fork --last', () => {
  // 0.150 forks no thread below a linked `sessions/` (fact 58).
  itWhere(
    codexUnderTest.hasNoDaemon,
    'its fork wants the thread below the real path of CODEX_HOME (fact 58)',
  )('is of the newest thread too', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const id = await converse(hotswap, 'one');
    await hotswap.command('use', 'acc2');
    const terminal = hotswap.open(['fork', '--last', 'two']);
    await terminal.waitForText('answer 2 from acc1');
    await hotswap.waitForEvent('bound', 2);
    await quit(terminal);
    expect(lastTurn(backend)).toEqual(['acc1', 'one', 'two']);
    expect(threadsOf(hotswap)).toEqual([id, readRegistry(hotswap.sandbox)[0]?.thread]);
  });
});

describe('the lists', () => {
  // Newer versions list a title that the service made up, older ones the prompt. In the same second the age is `now`.
  const CODEX_ROW = /(?:\d+s ago|\bnow) {2,}\S|under the first/;
  const OUR_LIST = 'Resume, of this directory:';
  const hidesThreads = codexUnderTest.isAtLeast('0.169.0');
  const whenHidden = itWhere(hidesThreads, 'its lists show the threads of every account (fact 59)');

  it('bare `codex resume` is Codex’s own where that hides nothing', async () => {
    const { hotswap } = await openLab(TWO);
    await converse(hotswap, 'under the first');
    const own = hotswap.open(['resume']);
    await own.waitForText(CODEX_ROW);
    expect(readOurLines(own)).toEqual([]);
    await own.dispose();
    // Older versions have not written which account the thread is of, and show it.
    if (hidesThreads) return;
    await hotswap.command('use', 'acc2');
    const other = hotswap.open(['resume']);
    await other.waitForText(CODEX_ROW);
  });

  whenHidden('… and ours where that hides a thread, with the way to Codex’s own', async () => {
    const { backend, hotswap } = await openLab(TWO);
    const id = await converse(hotswap, 'under the first');
    await hotswap.command('use', 'acc2');
    const list = hotswap.open(['resume', '--search']);
    await list.waitForText(OUR_LIST);
    await list.waitForText(/> .*acc1 +under the first/);
    list.press('enter');
    await waitForComposer(list);
    await ask(list, 'and now');
    await list.waitForText('answer 2 from acc1');
    await quit(list);
    expect(lastTurn(backend)).toEqual(['acc1', 'under the first', 'and now']);
    expect(readRegistry(hotswap.sandbox)[0]).toMatchObject({
      thread: id,
      args: ['resume', '--search'],
    });

    await hotswap.command('use', 'acc2');
    const own = hotswap.open(['resume']);
    await own.waitForText(OUR_LIST);
    own.press('up');
    await own.waitForText(/> .*acc1/);
    own.press('down');
    await own.waitForText('> Codex’s own list');
    await own.waitForText('it shows only the threads that acc2 has begun');
    own.press('enter');
    await own.waitForText('No sessions yet');
    expect(readOurLines(own)).toEqual([]);
    await own.dispose();

    const left = hotswap.open(['resume', '--all']);
    await left.waitForText(/acc1 +under the first +\[/);
    left.press('ctrl-c');
    expect(await left.waitForExit()).toEqual({ status: 0, signal: 0 });
    expect(left.scrollback().join('').trim()).toBe('');
  });

  whenHidden('Escape begins a new thread, as in Codex’s own list', async () => {
    const { backend, hotswap } = await openLab(TWO);
    await converse(hotswap, 'under the first');
    await hotswap.command('use', 'acc2');
    const list = hotswap.open(['resume', '--all']);
    await list.waitForText('Esc begins a new thread');
    list.press('escape');
    await ask(list, 'a new one');
    await list.waitForText('answer 1 from acc2');
    await quit(list);
    expect(lastTurn(backend)).toEqual(['acc2', 'a new one']);
  });

  whenHidden('the same with codex fork', async () => {
    const { backend, hotswap } = await openLab(TWO);
    await converse(hotswap, 'under the first');
    await hotswap.command('use', 'acc2');
    const list = hotswap.open(['fork']);
    await list.waitForText('Fork, of this directory:');
    list.press('enter');
    await ask(list, 'and now');
    await list.waitForText('answer 2 from acc1');
    await quit(list);
    expect(lastTurn(backend)).toEqual(['acc1', 'under the first', 'and now']);
    expect(threadsOf(hotswap)).toHaveLength(2);
  });

  whenHidden('Codex’s own opens where the settings say so, or nothing can be drawn', async () => {
    const hidden = /^1 thread here was begun under other accounts/;
    const { hotswap } = await openLab(TWO, { settings: { resumeList: 'codex' } });
    await converse(hotswap, 'under the first');
    await hotswap.command('use', 'acc2');
    const set = hotswap.open(['resume']);
    await waitForOurLine(set, hidden);
    await set.waitForText('No sessions yet');
    await set.dispose();
    await hotswap.command('config', 'set', 'resumeList', 'all');
    const log = join(hotswap.sandbox.home, 'log');
    const words = `exec ${hotswap.commandLine().join(' ')} resume 2>${log}`;
    const redirected = hotswap.open([], { file: '/bin/sh', args: ['-c', words] });
    await redirected.waitForText('No sessions yet');
    expect(readFileSync(log, 'utf8')).toContain('1 thread here was begun under other accounts');
  });

  it('`codex-hotswap resume` offers all, to be found by typing', async () => {
    const { backend, hotswap } = await openLab(TWO);
    await converse(hotswap, 'a question about foxes');
    await hotswap.command('use', 'acc2');
    await converse(hotswap, 'a question about hares');
    const terminal = hotswap.open([], { args: [CLI, 'resume'] });
    await terminal.waitForText(/acc2 +a question about hares/);
    await terminal.waitForText(/acc1 +a question about foxes/);
    const [foxes] = threadsOf(hotswap);
    terminal.type('foxes');
    await terminal.waitForText('(1 of 2)');
    await terminal.waitForText(`${foxes} in /`);
    await terminal.waitForText('ran under acc1');
    terminal.press('enter');
    await waitForComposer(terminal);
    await ask(terminal, 'what else');
    await terminal.waitForText('answer 2 from acc1');
    await quit(terminal);
    expect(lastTurn(backend)).toEqual(['acc1', 'a question about foxes', 'what else']);
  });

  it('… of this directory, and with Tab of all', async () => {
    const { hotswap } = await openLab(TWO);
    const { work } = hotswap.sandbox;
    const beside = join(work, 'beside');
    mkdirSync(beside);
    await runCodex(hotswap, ['exec', 'asked right here']);
    await runCodex(hotswap, ['exec', '-C', beside, 'asked elsewhere']);
    const terminal = hotswap.open([], { args: [CLI, 'resume'], columns: 150 });
    await terminal.waitForText('asked right here');
    expect(terminal.screen().join('\n')).not.toContain('asked elsewhere');
    terminal.press('tab');
    await terminal.waitForText(/asked elsewhere +\[.*\/beside\]/);
    terminal.press('tab');
    await terminal.waitUntil(
      () => !terminal.screen().join('\n').includes('asked elsewhere'),
      'this directory again',
    );
    terminal.press('escape');
    expect(await terminal.waitForExit()).toEqual({ status: 0, signal: 0 });
    expect(terminal.scrollback().join('').trim()).toBe('');
  });
});
