import { describe, expect, it } from 'vitest';
import type { MarkedChoice } from '../../../../src/handoff/accounts.ts';
import { MAX_WAITS } from '../../../../src/handoff/exhaustion.ts';
import type { AccountCheck } from '../../../../src/handoff/wait-for-reset.ts';
import { type ScriptedChild, THREAD } from './scripted-child.ts';
import { ALERT, NOW_SECONDS, openSession, type ScriptedSession } from './scripted-session.ts';

// Every account is at its limit: what the user is told, and the wait for the first to come back.

const LATE = { target: 'acc1', until: NOW_SECONDS + 3600 };
const SUMMARY =
  /^codex-hotswap: every account is at its limit \(acc1: its 5-hour limit is used up\); first back: acc1 at (?:Nov \d+ )?\d\d:\d\d$/;
const EXHAUSTED = /\u001b\]0;codex: every account is at its limit; first back: acc1 at/;
const COUNTDOWN = /\u001b\]0;codex: waiting for acc1 until [^\u001b]* \(1 h 0 m\), any key cancels/;

const times = (session: ScriptedSession, text: string) =>
  session.terminal.text().split(text).length - 1;

/** The only account has reached its limit, and that is told. */
async function openExhausted(options: Parameters<typeof openSession>[0] = {}) {
  const session = openSession({ accounts: ['acc1'], earliest: LATE, ...options });
  const child = await session.openWorking();
  child.fail('turn-1');
  await session.until(() => session.eventsOf('exhausted').length > 0, 'the end of all accounts');
  await session.advance(100);
  return { session, child };
}

/** The same, and the first to come back is waited for. */
function openWaiting(
  options: Parameters<typeof openSession>[0] = {},
  check: () => Promise<AccountCheck> = async () => ({ kind: 'back' }),
) {
  return openExhausted({ wait: { slackSeconds: 1, checkAccount: check }, ...options });
}

describe('when nobody can take over', () => {
  it('the child stays, with a title and one alert; a summary follows at the end', async () => {
    const { session, child } = await openExhausted();
    expect(session.terminal.text()).toMatch(EXHAUSTED);
    expect(times(session, ALERT)).toBe(1);
    session.terminal.type('still here');
    expect(child.typed()).toBe('still here');
    expect(session.told).toEqual([]);
    child.end({ kind: 'exited', code: 4 });
    expect(await session.ended()).toEqual({ kind: 'exited', code: 4 });
    expect(session.told).toEqual([expect.stringMatching(SUMMARY)]);
    expect(session.trace).toEqual([
      ...['start first', 'terminal raw', 'settle acc1 window-5h', 'terminal restored'],
    ]);
    expect(session.eventsOf('exhausted')).toEqual([
      { type: 'exhausted', target: 'acc1', earliest: LATE },
    ]);
  });

  it('trying on is told in the title, without another alert', async () => {
    const { session, child } = await openExhausted();
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.fail('turn-2');
    await session.until(() => session.eventsOf('exhausted').length === 2, 'the second time');
    await session.advance(100);
    expect(times(session, ALERT)).toBe(1);
    expect(times(session, 'every account is at its limit')).toBe(2);
  });

  it('a turn that goes well after all leaves nothing to tell', async () => {
    const { session, child } = await openExhausted();
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.answer('turn-2');
    await session.advance(2000);
    child.end();
    await session.ended();
    expect(session.told).toEqual([]);
  });

  it('what is told never cuts a frame of the child in two', async () => {
    const session = openSession({ accounts: ['acc1'] });
    const child = await session.openWorking();
    child.print('half a frame');
    child.fail('turn-1');
    await session.until(() => session.eventsOf('exhausted').length > 0, 'the end of all accounts');
    child.print(' and its end\u001b[?2026l');
    await session.advance(100);
    expect(session.terminal.text()).toMatch(/half a frame and its end\u001b\[\?2026l\u001b\]0;/);
  });

  it.each([
    ['is pinned', { pinned: true }, 'it is pinned, so no other account goes on'],
    [
      'is left alone, as Codex would log the others out',
      { forbiddenBy: 'a file forces it' },
      'no other account goes on here: a file forces it',
    ],
    ['comes back by hand only', {}, 'no account comes back by itself; see: codex-hotswap status'],
  ])('the summary says when the account %s', async (_, verdict, words) => {
    const mark = { kind: 'window-5h', at: 0, until: null } as const;
    const settle = async () => ({ kind: 'none', mark, ...verdict }) as const;
    const { session, child } = await openExhausted({ handoffAccounts: { markAndChoose: settle } });
    child.end();
    await session.ended();
    expect(session.told).toEqual([expect.stringContaining(words)]);
  });
});

describe('waiting for the first account to come back', () => {
  it('counts down in the title, and goes on with the thread when the service says so', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 30 };
    const { session, child } = await openWaiting({ earliest });
    expect(session.terminal.text()).toMatch(/waiting for acc1 until [^\u001b]* \(\d+ s\)/);
    expect(session.eventsOf('waiting')).toEqual([
      { type: 'waiting', target: 'acc1', until: earliest.until + 1 },
    ]);
    const successor = await session.child(2);
    expect(Date.now()).toBeGreaterThan((earliest.until + 1) * 1000);
    expect(child.received).toEqual(['SIGTERM']);
    expect(successor.plan.args).toEqual(['resume', THREAD, 'continue']);
    expect(session.terminal.text()).toContain(
      `\r\n\u001b[Jcodex-hotswap: acc1 is back; going on under acc1\r\n${ALERT}`,
    );
    expect(session.eventsOf('waited')).toEqual([
      { type: 'waited', target: 'acc1', outcome: 'back' },
    ]);
    // The account that ran is the one that is back: no handoff.
    expect(session.eventsOf('rotated')).toEqual([]);
    successor.end();
    await session.ended();
    expect(session.told).toEqual([]);
  });

  it('says an unchanged countdown again now and then: the child may have set a title', async () => {
    const { session } = await openWaiting();
    const before = times(session, 'any key cancels');
    await session.advance(20_000);
    const said = times(session, 'any key cancels') - before;
    expect(said).toBeGreaterThanOrEqual(3);
    expect(said).toBeLessThanOrEqual(5);
  });

  it('goes on under another account when that is the one that is free', async () => {
    const free = { kind: 'chosen', target: 'acc2' } as const;
    const { session } = await openWaiting({ handoffAccounts: { chooseAgain: () => free } });
    await session.child(2);
    expect(session.eventsOf('waited')).toEqual([
      { type: 'waited', target: 'acc2', outcome: 'back' },
    ]);
    expect(session.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc2' }]);
  });

  it.each<[string, Parameters<typeof openSession>[0]]>([
    ['it was not asked for', { earliest: LATE }],
    [
      'nobody comes back by itself',
      { wait: { slackSeconds: 1, checkAccount: async () => ({ kind: 'back' }) } },
    ],
  ])('is left out when %s', async (_, options) => {
    const session = openSession({ accounts: ['acc1'], ...options });
    const child = await session.openWorking();
    child.fail('turn-1');
    await session.until(() => session.eventsOf('exhausted').length > 0, 'the end of all accounts');
    await session.advance(5000);
    expect(session.eventsOf('waiting')).toEqual([]);
    expect(session.terminal.text()).not.toContain('any key cancels');
    child.stop();
    await session.advance(100);
    expect(session.eventsOf('waited')).toEqual([]);
  });

  it.each([
    ['a letter, which stands in the composer then', 'x', 'x'],
    ['Escape, which goes no further', '\u001b', ''],
    ['Ctrl-C, which goes no further', '\u0003', ''],
    ['Escape as a kitty key', '\u001b[27u', ''],
  ])('is ended by any key: %s', async (_, key, typed) => {
    const { session, child } = await openWaiting();
    expect(session.terminal.text()).toMatch(COUNTDOWN);
    const before = session.terminal.text().length;
    session.terminal.type(key);
    await session.advance(5000);
    expect(child.typed()).toBe(typed);
    expect(session.eventsOf('waited')).toEqual([
      { type: 'waited', target: 'acc1', outcome: 'ended' },
    ]);
    // The title says again what is the matter, and no countdown comes after it.
    expect(session.terminal.text().slice(before)).toMatch(EXHAUSTED);
    expect(session.terminal.text().slice(before)).not.toContain('waiting for');
    session.terminal.type('\u001b');
    expect(child.typed()).toBe(`${typed}\u001b`);
  });

  it('is given up with a reason, and the child stays', async () => {
    const reconsider = () => ({ kind: 'none' }) as const;
    const earliest = { target: 'acc1', until: NOW_SECONDS + 5 };
    const { session, child } = await openWaiting({
      earliest,
      handoffAccounts: { chooseAgain: reconsider },
    });
    await session.until(() => session.eventsOf('waited').length > 0, 'the end of the wait');
    expect(session.eventsOf('waited')).toEqual([
      { type: 'waited', target: 'acc1', outcome: 'gave-up', reason: 'no account comes back' },
    ]);
    await session.advance(5000);
    expect(child.received).toEqual([]);
    session.terminal.type('\u001b');
    expect(child.typed()).toBe('\u001b');
    child.stop();
    await session.advance(100);
    expect(session.eventsOf('waited')).toHaveLength(1);
    child.end();
    await session.ended();
    expect(session.told).toEqual([expect.stringMatching(SUMMARY)]);
  });

  it.each<[string, (session: ScriptedSession, child: ScriptedChild) => void, object]>([
    ['a signal', ({ signal }) => signal('SIGTERM', 15), { kind: 'signalled', signal: 'SIGTERM' }],
    [
      'a closed terminal',
      ({ terminal }) => terminal.hangUp(),
      { kind: 'signalled', signal: 'SIGHUP' },
    ],
    ['the end of the child', (_, child) => child.end(), { kind: 'exited', code: 0 }],
  ])('ends with %s, without a successor', async (_, endIt, ending) => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 30 };
    const { session, child } = await openWaiting({ earliest });
    endIt(session, child);
    expect(await session.ended()).toMatchObject(ending);
    await session.advance(60_000);
    expect(session.children).toHaveLength(1);
    expect(session.told).toEqual([expect.stringMatching(SUMMARY)]);
  });

  it('ends with the child, though the service is just being asked', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 5 };
    let answer = (_: AccountCheck): void => undefined;
    const check = () =>
      new Promise<AccountCheck>((resolve) => {
        answer = resolve;
      });
    const { session, child } = await openWaiting({ earliest }, check);
    await session.advance(10_000);
    session.terminal.isStalled = true;
    child.end();
    answer({ kind: 'back' });
    await session.advance(100);
    session.signal('SIGTERM', 15);
    await session.ended();
    expect(session.told).toEqual([expect.stringMatching(SUMMARY)]);
  });

  it('ends with Ctrl-Z; after fg the child goes on', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 30 };
    const { session, child } = await openWaiting({ earliest });
    child.stop();
    await session.advance(60_000);
    expect(session.trace.at(-1)).toBe('terminal suspended');
    expect(session.eventsOf('waited')).toMatchObject([{ outcome: 'ended' }]);
    session.terminal.continueJob();
    await session.advance(5000);
    expect(session.children).toHaveLength(1);
  });

  it('ends with a turn that goes well: the title is the child’s again', async () => {
    const { session, child } = await openWaiting();
    child.beginTurn('turn-2');
    await session.advance(1000);
    const before = session.terminal.text().length;
    child.answer('turn-2');
    await session.until(() => session.eventsOf('waited').length > 0, 'the end of the wait');
    await session.advance(5000);
    expect(session.eventsOf('waited')).toMatchObject([{ outcome: 'ended' }]);
    expect(session.terminal.text().slice(before)).not.toContain('every account');
    child.end();
    await session.ended();
    expect(session.told).toEqual([]);
  });

  it('begins again with a queued prompt that met the limit, too', async () => {
    const { session, child } = await openWaiting();
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.fail('turn-2');
    await session.until(() => session.eventsOf('waiting').length === 2, 'another wait');
    expect(session.eventsOf('waited')).toMatchObject([{ outcome: 'ended' }]);
    expect(times(session, ALERT)).toBe(1);
  });

  it('comes to an end when no turn goes well after it', async () => {
    // A mark that the service does not confirm: the account seems to be back at once, again and again.
    const { session } = await openWaiting({
      earliest: { target: 'acc1', until: NOW_SECONDS - 60 },
    });
    for (let number = 2; number <= MAX_WAITS + 1; number += 1) {
      const next = await session.child(number);
      next.draw();
      next.openThread();
      next.beginTurn(`turn-${number}`);
      await session.advance(1000);
      next.fail(`turn-${number}`);
      await session.until(() => session.eventsOf('exhausted').length === number, 'the limit again');
    }
    await session.advance(60_000);
    expect(session.eventsOf('waiting')).toHaveLength(MAX_WAITS);
    expect(session.children).toHaveLength(MAX_WAITS + 1);
    expect(session.children.at(-1)?.isLiving).toBe(true);
  });

  it('keeps keys for the successor from the moment that the account is back', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 5 };
    const { session, child } = await openWaiting({ earliest });
    child.isDeaf = true;
    await session.until(() => child.received.length > 0, 'SIGTERM');
    session.terminal.type('held');
    const successor = await session.child(2);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    expect(child.typed()).toBe('');
    expect(successor.typed()).toBe('held');
    // Nothing is left to be cancelled.
    session.terminal.type('\u001b');
    expect(successor.typed()).toBe('held\u001b');
  });

  it('leaves the next handoff one like any other', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 5 };
    const mark = { kind: 'window-5h', at: 0, until: null } as const;
    const verdicts: MarkedChoice[] = [{ kind: 'none', mark, earliest }];
    const settle = async () =>
      verdicts.shift() ?? ({ kind: 'chosen', target: 'acc2', mark } as const);
    const { session } = await openWaiting({ earliest, handoffAccounts: { markAndChoose: settle } });
    const successor = await session.child(2);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    successor.answer('turn-2');
    await session.advance(1000);
    successor.beginTurn('turn-3');
    await session.advance(1000);
    successor.fail('turn-3');
    await session.child(3);
    expect(session.terminal.text()).toContain('its 5-hour limit is used up; going on under acc2');
    expect(session.eventsOf('waited')).toHaveLength(1);
    expect(session.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc2' }]);
  });
});
