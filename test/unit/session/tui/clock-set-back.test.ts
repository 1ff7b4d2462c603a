import { statSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { proveExecLimit, readExecRecord } from '../../../../src/session/exec/exec-evidence.ts';
import { createSessionClock } from '../../../../src/session/tui/session-clock.ts';
import { appendLines, limited, makeThread } from '../exec/exec-thread.ts';
import { openSession, rotate } from './scripted-session.ts';

// A clock that is set back in mid-session, by NTP or by hand, hides no limit and invents none.

const HOUR_MS = 60 * 60 * 1000;

describe('a clock that is set back', () => {
  const setBack = () => vi.setSystemTime(Date.now() - HOUR_MS);

  it('hides no limit of the session that runs', async () => {
    const session = openSession();
    const child = await session.openWorking();
    setBack();
    await session.advance(2000);
    child.answer('turn-1');
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.fail('turn-2');
    await session.child(2);
    expect(session.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc2' }]);
  });

  it('makes no limit of a failure that the thread had before', async () => {
    const session = openSession();
    await session.openWorking();
    const successor = await rotate(session);
    setBack();
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(3000);
    expect(session.eventsOf('rotated')).toHaveLength(1);
    successor.fail('turn-2');
    await session.child(3);
    expect(session.eventsOf('rotated')).toMatchObject([{ to: 'acc2' }, { to: 'acc3' }]);
  });

  it('lets the time for a proof end', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b]7501;state=error\u0007');
    await session.advance(100);
    setBack();
    session.terminal.type('held');
    await session.advance(1000);
    expect(session.eventsOf('unconfirmed')).toHaveLength(1);
    expect(child.typed()).toBe('held');
  });

  it('hides no limit of an exec: what was written since its thread was found is its own', async () => {
    const startedAtMs = Date.now() + HOUR_MS; // as the clock was then
    const thread = makeThread();
    appendLines(thread.rollout, limited('before'));
    const from = statSync(thread.rollout).size;
    const read = async () => {
      const open = { threadId: thread.id, rollout: thread.rollout };
      const { facts } = await readExecRecord(open, { from, startedAtMs });
      return proveExecLimit(facts, startedAtMs, new Set());
    };
    expect(await read()).toBeUndefined();
    appendLines(thread.rollout, limited('its own'));
    expect(await read()).toMatchObject({ turnId: 'its own' });
  });
});

it('the time of a session follows the clock forward, and never goes back', () => {
  const at = { wall: 1_000_000, ticks: 0 };
  const clock = createSessionClock(
    () => at.wall,
    () => at.ticks,
  );
  const pass = (wall: number, ticks: number) => {
    at.wall += wall;
    at.ticks += ticks;
    return [clock.now(), clock.ahead()];
  };
  expect(pass(1000, 1000)).toEqual([1_001_000, 0]);
  expect(pass(500, 1500)).toEqual([1_001_500, 0]); // it is being corrected
  expect(pass(8 * HOUR_MS, 10)).toEqual([1_001_500 + 8 * HOUR_MS, 0]); // the machine slept
  expect(pass(-HOUR_MS, 1000)).toEqual([1_002_500 + 8 * HOUR_MS, HOUR_MS + 1000]);
  expect(pass(1000, 1000)).toEqual([1_003_500 + 8 * HOUR_MS, HOUR_MS + 1000]);
});
