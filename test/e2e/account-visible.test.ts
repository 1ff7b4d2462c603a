import { afterEach, describe, expect, it } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// The user can see which account works, and why, on the real Codex.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const nowSeconds = () => Math.floor(Date.now() / 1000);
/** Older ones draw on the screen that they were started on (fact 121). */
const isFullScreen = codexUnderTest.isAtLeast('0.160.0');

describe('a handoff', () => {
  it('is in the title, in the prompt and in a line at the end, and the shell is not seen in it', async () => {
    const settings = { prompt: 'go on under {account}, after the {limit}' };
    const accounts = [
      { name: 'acc1', turnsLeft: 1, resetsAt: nowSeconds() + 7200 },
      { name: 'acc2' },
    ];
    const { backend, hotswap } = await openLab(accounts, { settings });
    const terminal = hotswap.open([], { columns: 120, rows: 40, kitty: true });
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await terminal.waitUntil(() => / · acc1$/.test(terminal.title()), 'acc1 in the title');

    let isOver = false;
    const screens: string[] = [];
    const watched = terminal.waitUntil(
      () => {
        screens.push(terminal.modes().alternateScreen ? 'alternate' : 'primary');
        return isOver;
      },
      'the end of the handoff',
      { timeoutMs: 60_000 },
    );
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc2');
    await waitForComposer(terminal);
    expect(terminal.title()).toMatch(/ · acc2$/);
    isOver = true;
    terminal.type('x');
    await watched;
    terminal.press('backspace');
    expect(new Set(screens)).toEqual(new Set([isFullScreen ? 'alternate' : 'primary']));
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual([
      ...['one', 'two', 'go on under acc2, after the 5-hour limit'],
    ]);

    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    expect(terminal.title()).toBe('');
    expect(terminal.modes()).toMatchObject({
      ...{ alternateScreen: false, bracketedPaste: false, mouse: 'none', kittyFlags: 0 },
    });
    const text = terminal.scrollback().join('\n').replace(/\s+/g, ' ');
    if (isFullScreen) {
      expect(text).toMatch(/acc1: its 5-hour limit is used up until [^;]*; going on under acc2/);
    }
    expect(text).toMatch(
      /this session ran under acc1 \(its 5-hour limit is used up until .*\) → acc2/,
    );
  });
});

describe('every account is at its limit at the start', () => {
  it('and the title says so while Codex runs, and a line at the end', async () => {
    const resetsAt = nowSeconds() + 7200;
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0, resetsAt }]);
    const first = hotswap.open();
    await ask(first, 'one');
    await hotswap.waitForEvent('exhausted');
    await quit(first);

    const terminal = hotswap.open([], { columns: 120, rows: 30 });
    await waitForComposer(terminal);
    expect(terminal.title()).toMatch(
      / · acc1 · every account is at its limit; first back: acc1 at /,
    );
    await quit(terminal);
    const text = terminal.scrollback().join('\n').replace(/\s+/g, ' ');
    expect(text).toMatch(
      /at the start of this session: every account is at its limit; first back: acc1 at /,
    );
  });
});

describe('`title: plain`', () => {
  it('leaves every title of Codex as it is', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }], { settings: { title: 'plain' } });
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await waitForComposer(terminal);
    expect(terminal.title()).toMatch(/work$/);
    await quit(terminal);
    expect(terminal.raw().includes(' · acc1')).toBe(false);
  });
});
