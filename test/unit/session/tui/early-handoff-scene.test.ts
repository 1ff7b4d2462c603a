import { describe, expect, it } from 'vitest';
import type { RateLimits } from '../../../../src/codex/rollout.ts';
import { THREAD } from './scripted-child.ts';
import { ALERT, openSession } from './scripted-session.ts';

// With little left of an account, a session moves on between two turns.

const LIMITS = { primary: { used_percent: 97, window_minutes: 300 } };
const ROOM = { left: 3, minutes: 300 };

/** An account with little left, in its first turn; acc2 has more, until it was chosen. */
async function openRunningLow() {
  const asked: [RateLimits, object][] = [];
  const session = openSession({
    handoffAccounts: {
      findRoomier(limits, from) {
        asked.push([limits, from]);
        return asked.length === 1 ? { target: 'acc2', room: ROOM } : undefined;
      },
    },
  });
  const child = await session.openWorking();
  return { session, child, asked };
}

it('at rest after a turn the thread goes on under another account, and nothing is sent', async () => {
  const { session, child, asked } = await openRunningLow();
  child.answer('turn-1', LIMITS);
  const successor = await session.child(2);
  successor.draw();
  successor.openThread();
  await session.advance(20_000);
  expect(asked).toMatchObject([
    [{ windows: [{ usedPercent: 97, minutes: 300 }] }, { thread: THREAD }],
  ]);
  expect(session.trace).toEqual([
    ...['start first', 'terminal raw', 'SIGTERM', 'prepare acc2', 'repoint acc2'],
    `start resume ${THREAD} `,
  ]);
  expect(session.events).toEqual([
    { type: 'bound', thread: THREAD, target: 'acc1' },
    { type: 'rotated', from: 'acc1', to: 'acc2', kind: 'low', ...ROOM, thread: THREAD },
    { type: 'bound', thread: THREAD, target: 'acc2' },
  ]);
  const line = 'codex-hotswap: acc1: only 3% of its 5-hour limit is left; going on under acc2';
  expect(session.terminal.text()).toContain(`\r\n\u001b[J${line}\r\n`);
  // It is no event that somebody has to be called for.
  expect(session.terminal.text()).not.toContain(ALERT);
  expect(successor.typed()).toBe('');
});

describe('the user is left alone', () => {
  it.each([
    ['while a prompt is being written', 'a draft'],
    ['after a command, be it `/new`', '/new\r'],
  ])('%s', async (_, keys) => {
    const { session, child, asked } = await openRunningLow();
    child.answer('turn-1', LIMITS);
    await session.until(() => asked.length > 0, 'the end of the turn');
    session.terminal.type(keys);
    await session.advance(10_000);
    expect(child.received).toEqual([]);
  });

  it('with a draft that was there before', async () => {
    const { session, child } = await openRunningLow();
    session.terminal.type('a draft');
    child.answer('turn-1', LIMITS);
    await session.advance(10_000);
    expect(child.received).toEqual([]);
  });

  it.each([
    ['by its record', false],
    ['by its word', true],
  ])('when the next turn has begun, %s', async (_, isAnnounced) => {
    const { session, child, asked } = await openRunningLow();
    child.answer('turn-1', LIMITS);
    await session.until(() => asked.length > 0, 'the end of the turn');
    if (isAnnounced) child.print('\u001b]7501;state=working\u0007');
    else child.beginTurn('turn-2');
    await session.advance(10_000);
    expect(child.received).toEqual([]);
  });

  it('when nobody has more', async () => {
    const { session, child, asked } = await openRunningLow();
    asked.push([{ windows: [] }, {}]);
    child.answer('turn-1', LIMITS);
    await session.advance(10_000);
    expect(asked).toHaveLength(2);
    expect(child.received).toEqual([]);
  });
});

it.each([
  ['of one model only', { ...LIMITS, limit_name: 'GPT Spark' }],
  ['that was not told', undefined],
])('a limit %s is nothing of the account', async (_, limits) => {
  const { session, child, asked } = await openRunningLow();
  child.answer('turn-1', limits);
  await session.advance(10_000);
  expect(asked).toEqual([]);
});

it('a limit that comes after the move is a handoff as always', async () => {
  const { session, child } = await openRunningLow();
  child.answer('turn-1', LIMITS);
  const successor = await session.child(2);
  successor.draw();
  successor.openThread();
  successor.beginTurn('turn-2');
  await session.advance(1000);
  successor.fail('turn-2');
  const third = await session.child(3);
  expect(third.plan.args).toEqual(['resume', THREAD, 'continue']);
  expect(session.eventsOf('rotated')).toMatchObject([{ kind: 'low' }, { kind: 'window-5h' }]);
});

it('a successor whose login is gone gives the thread on as always', async () => {
  const { session, child } = await openRunningLow();
  child.answer('turn-1', LIMITS);
  const successor = await session.child(2);
  successor.print(
    'Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.',
  );
  successor.end({ kind: 'exited', code: 1 });
  await session.child(3);
  expect(session.eventsOf('rotated')).toMatchObject([{ kind: 'low' }, { kind: 'needs-login' }]);
});
