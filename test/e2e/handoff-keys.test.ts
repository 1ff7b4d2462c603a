import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ToolCall } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// Nothing that is typed is lost or doubled while one Codex takes over from the other.

const { openLab, close } = createSupervisedLab();
afterEach(close);

/** Between two keys of somebody who looks for the next. */
const A_PERSONS_MS = 250;

const EXHAUSTED = [{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }];

/**
 * A session at its limit, as far into the handoff as this event. The turn of acc2 goes on until the test finishes it, for
 * 0.150 itself drops a prompt that meets the end of a turn.
 */
async function openHandoff(event: 'confirmed' | 'rotated') {
  const { backend, hotswap } = await openLab(EXHAUSTED);
  const turn = holdTurn();
  backend.enqueue([{ text: ['going on'], until: turn.over }], 'acc2');
  const terminal = hotswap.open();
  await ask(terminal, 'hello');
  await hotswap.waitForEvent(event);
  return { backend, terminal, turn };
}

describe('keys typed during the handoff', () => {
  it('are sent when Enter was among them, and what follows waits in the composer', async () => {
    const { backend, terminal, turn } = await openHandoff('confirmed');
    terminal.type('and then this');
    // Enter that comes as fast as the text before it is a line break of a paste, for Codex and for us.
    await pause(A_PERSONS_MS);
    terminal.press('enter');
    await pause(A_PERSONS_MS);
    terminal.type('not yet');
    await terminal.waitForText('› not yet');
    turn.finish();
    await backend.waitForRequest(({ turn }) => turn?.userTexts.at(-1) === 'and then this');
    await terminal.waitForText('› not yet');
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual([
      ...['hello', 'continue', 'and then this'],
    ]);
  });

  it.each([
    ['in brackets', true],
    ['without brackets', false],
  ])('that are a paste of four lines arrive as one, unsent: %s', async (_, inBrackets) => {
    const { backend, terminal, turn } = await openHandoff('rotated');
    const lines = ['please summarise this:', 'line one', 'rm -rf build', 'the end'];
    if (inBrackets) terminal.paste(lines.join('\r'));
    else terminal.type(lines.map((line) => `${line}\r`).join(''));
    for (const line of lines) await terminal.waitForText(line);
    turn.finish();
    await terminal.waitForText('going on');
    await pause(1000);
    expect(backend.turns('acc2').map(({ turn }) => turn?.userTexts.at(-1))).toEqual(['continue']);
    terminal.press('enter');
    const sent = await backend.waitForRequest(
      ({ turn }) => turn?.userTexts.at(-1)?.startsWith(lines[0] as string) === true,
    );
    expect(sent.turn?.userTexts.at(-1)?.trim()).toBe(lines.join('\n'));
  });

  it('have no Alt with the first letter after Escape', async () => {
    const { terminal, turn } = await openHandoff('rotated');
    terminal.type('\u001b');
    await pause(A_PERSONS_MS);
    terminal.type('hush now');
    await terminal.waitForText('› hush now');
    turn.finish();
  });

  it('follow the prompt that was not sent yet', async () => {
    const { backend, hotswap, fail, terminal } = await openRunningTurn();
    const draft = 'half a prömpt';
    terminal.type(`${draft}x`);
    terminal.press('backspace');
    await terminal.waitForText(`› ${draft}`);
    fail();
    await hotswap.waitForEvent('confirmed');
    terminal.type(', whole');
    await terminal.waitForText(/answer \d from acc2/);
    await terminal.waitForText(`› ${draft}, whole`);
    await waitForComposer(terminal);
    terminal.press('enter');
    await backend.waitForRequest(({ turn }) => turn?.userTexts.at(-1) === `${draft}, whole`);
  });

  it('follow a prompt that was sent while the turn ran', async () => {
    const { backend, fail, terminal } = await openRunningTurn();
    await terminal.submit('sent meanwhile');
    await terminal.waitUntil(() => !terminal.screen().join().includes('› sent meanwhile'), 'Enter');
    fail();
    await backend.waitForRequest(
      ({ account, turn }) =>
        account === 'acc2' && turn?.userTexts.includes('sent meanwhile') === true,
    );
    await terminal.waitForText(/answer \d from acc2/);
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual([
      ...['hello', 'sent meanwhile', 'continue'],
    ]);
  });

  it('follow the prompts that waited for the turn to end', async () => {
    const { backend, hotswap, fail, terminal } = await openRunningTurn();
    const prompts = ['then do this', 'and then that'];
    // The last such row is the composer; above it are prompts that were sent.
    const isInComposer = (prompt: string) =>
      terminal.screen().findLast((row) => row.startsWith('›')) === `› ${prompt}`;
    for (const prompt of prompts) {
      terminal.paste(prompt);
      await terminal.waitUntil(() => isInComposer(prompt), prompt);
      terminal.press('tab');
      await terminal.waitUntil(() => !isInComposer(prompt), 'a prompt that waits');
    }
    // As above: a prompt that meets the end of a turn is dropped by 0.150 itself.
    const turn = holdTurn();
    backend.enqueue([{ text: ['going on'], until: turn.over }], 'acc2');
    fail();
    await hotswap.waitForEvent('rotated');
    const before = terminal.raw().length;
    const first = await backend.waitForRequest(
      ({ account, turn }) => account === 'acc2' && turn?.userTexts.at(-1) === 'continue',
    );
    // 0.150 may have sent some of them by itself, into the same limit.
    const left = prompts.filter((prompt) => !first.turn?.userTexts.includes(prompt));
    const isTaken = (prompt: string) =>
      terminal.raw().subarray(before).includes(prompt) && !isInComposer(prompt);
    await terminal.waitUntil(() => left.every(isTaken), `${left} in the next Codex`);
    turn.finish();
    await backend.waitForRequest(
      ({ account, turn }) =>
        account === 'acc2' && prompts.every((prompt) => turn?.userTexts.includes(prompt)),
    );
    const said = backend.turns('acc2').at(-1)?.turn?.userTexts ?? [];
    expect(said.filter((text) => text !== 'continue')).toEqual(['hello', ...prompts]);
  });

  /** A turn that has asked for a command; `fail` lets it go on, into the limit. */
  async function openRunningTurn() {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { over: until, finish: fail } = holdTurn();
    const calls: ToolCall[] = [{ kind: 'shell', command: 'true' }];
    backend.enqueue(
      [{ calls, text: ['working on it'], until }, { failure: 'usage-limit' }],
      'acc1',
    );
    const terminal = hotswap.open(['--dangerously-bypass-approvals-and-sandbox']);
    await ask(terminal, 'hello');
    await terminal.waitForText('working on it');
    return { backend, hotswap, fail, terminal };
  }
});

/** `over` for the backend's `until`: the turn runs until `finish` is called. */
function holdTurn(): { over: Promise<void>; finish: () => void } {
  let finish = () => {};
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { over, finish };
}
