import { afterEach, describe, expect, it } from 'vitest';
import type { Account } from '../lab/backend/accounts.ts';
import type { Backend } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { readOurLines } from '../lab/our-lines.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// Every account is at its limit, and the first to come back is waited for, on the real Codex.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const nowSeconds = () => Math.floor(Date.now() / 1000);
const ours = (stderr: string) =>
  stderr.split('\n').filter((line) => line.startsWith('codex-hotswap:'));
/** With its date where that is not today: late in the evening. */
const TIME = /(?:[A-Z][a-z]{2} \d+ )?\d\d:\d\d/.source;
const COUNTDOWN = new RegExp(
  ` · acc[12] · waiting for acc1 until ${TIME} \\((\\d+ h \\d+ m|\\d+ m|\\d+ s)\\), any key cancels$`,
);

const settings = { whenExhausted: 'wait', waitSlackSeconds: 1 };
const accounts = () => [
  { name: 'acc1', turnsLeft: 0, resetsAt: nowSeconds() + 7200 },
  { name: 'acc2', turnsLeft: 0, resetsAt: nowSeconds() + 9000 },
];

describe('in the terminal', () => {
  it('a countdown in the title; then the same thread goes on by itself, when the service says so', async () => {
    const { backend, hotswap } = await openLab(
      [{ name: 'acc2', turnsLeft: 1, resetsAt: nowSeconds() + 9000 }, { name: 'acc1' }],
      { settings: { waitSlackSeconds: 1 } },
    );
    const acc1 = refuseOnce(backend, 'acc1', { turn: 1, resetsIn: 8 });
    const terminal = hotswap.open(['--wait']);
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc2');
    await ask(terminal, 'two');
    await hotswap.waitForEvent('waiting', 1, 30_000);
    const told = acc1.resetsAt;
    // The service takes longer than it said: the reset it tells then is waited for.
    acc1.resetsAt = told + 6;
    await waitForTitle(terminal, COUNTDOWN);
    expect(hotswap.eventsOf('exhausted')).toMatchObject([
      { target: 'acc1', earliest: { target: 'acc1', until: told } },
    ]);
    await terminal.waitForText('answer 1 from acc1', { timeoutMs: 40_000 });

    expect(Date.now()).toBeGreaterThan((told + 6) * 1000);
    expect(backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual([
      ...['one', 'two', 'continue', 'continue'],
    ]);
    expect(new Set(backend.turns().map(({ turn }) => turn?.threadId)).size).toBe(1);
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
    expect(hotswap.eventsOf('waited')).toMatchObject([{ target: 'acc1', outcome: 'back' }]);
    // The account that ran is the one that is back: no handoff.
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ from: 'acc2', to: 'acc1' }]);
    expect(hotswap.account('acc1').marks).toEqual([]);
    expect(readOurLines(terminal)).toContainEqual(
      expect.stringContaining('acc1 is back; going on under'),
    );
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    expect(terminal.scrollback().join('')).not.toContain('every account is at its limit');
  });

  it('any key ends it: Ctrl-C, which does not end Codex', async () => {
    const { backend, hotswap } = await openLab(accounts(), { settings });
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await waitForTitle(terminal, COUNTDOWN);
    await waitForComposer(terminal);
    const turns = backend.turns().length;
    terminal.press('ctrl-c');
    await hotswap.waitForEvent('waited');
    await waitForTitle(terminal, / · every account is at its limit; first back: acc1 at/);
    expect(hotswap.eventsOf('waited')).toMatchObject([{ target: 'acc1', outcome: 'ended' }]);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    expect(backend.turns()).toHaveLength(turns);
  });
});

describe('without a terminal', () => {
  it('CODEX_HOTSWAP_WAIT=1: one line on stderr, then `exec resume` goes on', async () => {
    const { backend, hotswap } = await openLab(
      [{ name: 'acc2', turnsLeft: 0, resetsAt: nowSeconds() + 9000 }, { name: 'acc1' }],
      { settings: { waitSlackSeconds: 1 } },
    );
    refuseOnce(backend, 'acc1', { turn: 1, resetsIn: 4 });
    const env = { ...hotswap.sandbox.env, CODEX_HOTSWAP_WAIT: '1' };
    const ran = await runCodex(hotswap, ['exec', 'hello'], { env, timeoutMs: 40_000 });
    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
    expect(ours(ran.stderr)).toEqual([
      expect.stringMatching(/going on under acc1$/),
      expect.stringMatching(
        new RegExp(`every account is at its limit \\(acc1: .*\\); waiting for acc1 until ${TIME}$`),
      ),
      'codex-hotswap: acc1 is back; going on under acc1',
    ]);
    expect(backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual([
      ...['hello', 'continue', 'continue'],
    ]);
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  });

  it('CODEX_HOTSWAP_WAIT=0 outranks the configuration', async () => {
    const { hotswap } = await openLab(accounts(), { settings });
    const env = { ...hotswap.sandbox.env, CODEX_HOTSWAP_WAIT: '0' };
    const ran = await runCodex(hotswap, ['exec', 'hello'], { env });
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ours(ran.stderr).at(-1)).toMatch(/every account is at its limit .*; first back: acc1/);
  });
});

/** From that turn on the account is at its limit, for so many seconds: whatever the load, the reset lies ahead. */
function refuseOnce(
  backend: Backend,
  name: string,
  { turn, resetsIn }: { turn: number; resetsIn: number },
): Account {
  let asked = 0;
  backend.setScript(({ account }) => {
    if (account.name === name) asked += 1;
    if (account.name !== name || asked !== turn) return undefined;
    account.turnsLeft = 0;
    account.resetsAt = nowSeconds() + resetsIn;
    return { failure: 'usage-limit' };
  });
  return backend.account(name);
}

function waitForTitle(terminal: OuterTerminal, wanted: RegExp): Promise<void> {
  return terminal.waitUntil(() => wanted.test(terminal.title()), String(wanted), {
    timeoutMs: 30_000,
  });
}
