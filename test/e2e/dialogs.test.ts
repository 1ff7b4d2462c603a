import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask } from '../lab/composer.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { describeSince } from '../lab/playable.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// Whatever Codex asks over its composer is for the user to answer: never by keys of ours, nor by keys typed before it
// was asked.

const { openLab, close } = createSupervisedLab();
afterEach(close);

describeSince('0.150.0', 'measured from there on only')('a dialog of Codex', () => {
  it('about another model is open until it is answered; then the goal goes on', async () => {
    const { backend, hotswap } = await openLab(
      [
        { name: 'acc1', turnsLeft: 1, usedPercent: 92 },
        { name: 'acc2', turnsLeft: 2, usedPercent: 92 },
      ],
      { nudges: true },
    );
    const config = join(hotswap.sandbox.codexHome, 'config.toml');
    const terminal = hotswap.open();
    await ask(terminal, 'hello');
    await terminal.waitForText(NUDGE);
    await expectToStay(terminal, NUDGE);
    await answer(terminal, NUDGE);
    await ask(terminal, '/goal reach the top');
    await terminal.waitForText('answer 1 from acc2', { timeoutMs: 30_000 });
    await terminal.waitForText(NUDGE);
    await expectToStay(terminal, NUDGE);
    expect(backend.turns('acc2')).toHaveLength(1);
    await answer(terminal, NUDGE);
    await terminal.waitForText('answer 2 from acc2');
    const turns = backend.turns();
    expect(turns.at(2)?.turn?.userTexts.at(-1)).toBe('continue');
    expect(turns.at(3)?.turn?.texts.at(-1)).toContain('Continue working toward');
    expect(new Set(turns.map(({ turn }) => turn?.model)).size).toBe(1);
    expect(readFileSync(config, 'utf8')).not.toMatch(/^model =|nudge = true/m);
  });

  it('about hooks is open until it is answered; what was typed ahead is a prompt after it', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    // 0.150 itself drops a prompt that meets the end of a turn: this one runs until Codex has it.
    let finishTurn = () => {};
    const until = new Promise<void>((resolve) => {
      finishTurn = resolve;
    });
    backend.enqueue([{ text: ['going on'], until }], 'acc2');
    const config = join(hotswap.sandbox.codexHome, 'config.toml');
    const terminal = hotswap.open();
    await ask(terminal, 'hello');
    await terminal.waitForText('answer 1 from acc1');
    appendFileSync(config, HOOK);
    await ask(terminal, 'two');
    await hotswap.waitForEvent('confirmed');
    // The digit would trust them all.
    terminal.type('2');
    terminal.type(' things to do');
    // A person's Enter: one that comes as fast as the text is a line break of a paste.
    await pause(250);
    terminal.press('enter');
    await pause(250);
    terminal.type('not yet');
    await terminal.waitForText(HOOKS);
    await expectToStay(terminal, HOOKS);
    expect(backend.turns('acc2')).toEqual([]);
    await answer(terminal, HOOKS);
    await terminal.waitForText('› not yet');
    finishTurn();
    await backend.waitForRequest(({ turn }) => turn?.userTexts.at(-1) === '2 things to do');
    const texts = backend.turns('acc2').at(-1)?.turn?.userTexts;
    expect(texts).toEqual(['hello', 'two', 'continue', '2 things to do']);
    expect(readFileSync(config, 'utf8')).not.toContain('trusted_hash');
  });

  it('to a workspace’s member asks nobody for credits until the member does', async () => {
    const limited = {
      turnsLeft: 1,
      plan: 'business',
      limit: 'workspace-member-credits',
      exhaustedWindow: 'none',
    } as const;
    const { backend, hotswap } = await openLab([
      { name: 'acc1', ...limited },
      { name: 'acc2', ...limited },
    ]);
    const asksOwner = () => backend.requests.filter(({ path }) => /nudge_email/.test(path));
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc2');
    await ask(terminal, 'three');
    await hotswap.waitForEvent('exhausted');
    await terminal.waitForText(REQUEST);
    await expectToStay(terminal, REQUEST);
    expect(asksOwner()).toEqual([]);
    terminal.type('y');
    await backend.waitForRequest(({ path }) => /nudge_email/.test(path));
    expect(asksOwner()).toHaveLength(1);
    expect(await quit(terminal)).toMatchObject({ signal: 0 });
  });
});

const NUDGE = 'Approaching rate limits';
const HOOKS = 'Hooks need review';
const REQUEST = /Request a\s+(limit\s+)?increase|Notify owner/;
const HOOK = `
[[hooks.SessionStart]]
[[hooks.SessionStart.hooks]]
type = "command"
command = "true"
`;

const shows = (terminal: OuterTerminal, text: string | RegExp) =>
  new RegExp(text).test(terminal.screen().join('\n'));

/** Longer than anything of ours waits before it types. */
async function expectToStay(terminal: OuterTerminal, dialog: string | RegExp): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(shows(terminal, dialog)).toBe(true);
}

async function answer(terminal: OuterTerminal, dialog: string): Promise<void> {
  terminal.press('escape');
  await terminal.waitUntil(() => !shows(terminal, dialog), 'the end of the dialog');
}
