import { expect, it, vi } from 'vitest';
import type { RecordNews, ThreadFollower } from '../../../../src/session/tui/follow-threads.ts';
import { createTurnWatch } from '../../../../src/session/tui/turn-watch.ts';

it('a turn that was answered while proof of a limit was sought is told all the same', async () => {
  const looks: RecordNews[] = [];
  const none: RecordNews = {
    ...{ started: true, answered: false, turnRuns: false },
    ...{ agentRefusals: [], runningAgents: [] },
  };
  const follower: ThreadFollower = {
    readNews: async () => looks.shift() ?? none,
    current: () => undefined,
    rollouts: () => [],
    runningAgents: () => [],
    record: () => ({ prompts: [], turns: [] }),
  };
  const told: string[] = [];
  const watch = createTurnWatch({
    follower,
    triggered: () => told.push('triggered'),
    unconfirmed: () => told.push('unconfirmed'),
    turnBegan: vi.fn(),
    turnRecorded: vi.fn(),
    agentRefused: vi.fn(),
    turnSucceeded: () => told.push('succeeded'),
    bound: vi.fn(),
    now: Date.now,
  });
  watch.addSign({ source: 'state', state: 'error' });
  looks.push({ ...none, answered: true });
  expect(await watch.seek()).toEqual(none);
  expect(told).toEqual(['triggered']);
  await watch.reportNews();
  await watch.reportNews();
  watch.close();
  expect(told).toEqual(['triggered', 'succeeded']);
});

it('a child does not rest while an agent of it works', async () => {
  const none: RecordNews = {
    ...{ started: true, answered: false, turnRuns: false },
    ...{ agentRefusals: [], runningAgents: [] },
  };
  const foxes = { id: 'foxes', name: '/root/foxes' };
  const refusal = { agent: foxes, proof: { kind: 'window-5h', turnId: 'own' } } as const;
  let news: RecordNews = { ...none, runningAgents: [foxes] };
  const refused = vi.fn();
  const watch = createTurnWatch({
    follower: {
      readNews: async () => news,
      current: () => undefined,
      rollouts: () => [],
      runningAgents: () => news.runningAgents,
      record: () => ({ prompts: [], turns: [] }),
    },
    ...{ triggered: vi.fn(), unconfirmed: vi.fn(), turnBegan: vi.fn(), turnRecorded: vi.fn() },
    ...{ turnSucceeded: vi.fn(), bound: vi.fn(), agentRefused: refused, now: Date.now },
  });
  expect(await watch.isResting()).toBe(false);
  news = { ...none, agentRefusals: [refusal] };
  expect(await watch.isResting()).toBe(true);
  expect(refused).toHaveBeenCalledWith(refusal);
  watch.close();
});
