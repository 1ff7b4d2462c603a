import { afterEach, expect } from 'vitest';
import { itSince } from '../lab/playable.ts';
import type { ServerClient } from '../lab/server-client.ts';
import { createServerLab, type ServerScene } from '../lab/server-lab.ts';

// Work that is no turn of the client's own meets the limit: Codex 0.171 tells it in other lines, and in another order.

const { open, close } = createServerLab();
afterEach(close);
const scene = itSince('0.171.0', 'measured there only');

async function begin({ connect }: ServerScene): Promise<{ client: Asker; thread: string }> {
  const client = connect() as Asker;
  await client.request('initialize', {
    clientInfo: { name: 'lab-client', title: null, version: '1.2' },
    capabilities: { experimentalApi: true },
  });
  client.notify('initialized');
  const thread = await client.startThread();
  expect(await client.runTurn(thread, 'one')).toMatchObject({ status: 'completed' });
  return { client, thread };
}

/** A client that also asks what no type of ours names. */
// biome-ignore lint/suspicious/noExplicitAny: the scene knows the answers.
type Asker = ServerClient & { request(method: string, params: object): Promise<any> };

scene('a goal goes on under the next account, and the client never sees it halted', async () => {
  const lab = await open([
    { name: 'acc1', turnsLeft: 2 },
    { name: 'acc2', turnsLeft: 2 },
    { name: 'acc3', turnsLeft: 0 },
  ]);
  const { client, thread } = await begin(lab);
  const goals = () =>
    client.received.flatMap(({ method, params }) =>
      method === 'thread/goal/updated' ? params.goal.status : [],
    );
  await client.request('thread/goal/set', { threadId: thread, objective: 'reach the top' });
  await lab.hotswap.waitForEvent('exhausted');
  // Two turns: the one that has failed, and one that only an active goal begins.
  expect(lab.backend.turns('acc2').map(({ outcome }) => outcome?.kind)).toEqual([
    ...['answered', 'answered', 'failed'],
  ]);
  await client.waitFor(({ method }) => method === 'error');
  expect(goals().indexOf('usageLimited')).toBe(goals().length - 1);
});

scene('a review is done by the next account, and has one end', async () => {
  const lab = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
  const { client, thread } = await begin(lab);
  const { turn } = await client.request('review/start', {
    ...{ threadId: thread, delivery: 'inline' },
    target: { type: 'custom', instructions: 'look' },
  });
  expect(await client.waitForTurn(thread, 2)).toMatchObject({ id: turn.id, status: 'completed' });
  expect(lab.backend.turns('acc2').map((request) => request.turn?.userTexts)).toEqual([['look']]);
  const items = client.received.flatMap(({ method, params }) =>
    method === 'item/completed' && params.turnId === turn.id ? params.item : [],
  );
  expect(items.filter(({ type }) => type === 'exitedReviewMode')).toHaveLength(1);
  expect(items.map(({ text }) => text).join()).not.toContain('Review was interrupted');
  expect(client.methods().filter((method) => method === 'turn/started')).toHaveLength(2);
});

scene(
  'an agent meets the limit: the account is marked, and the session moves when its root is done',
  async () => {
    const lab = await open([{ name: 'acc1' }, { name: 'acc2' }]);
    const { client, thread } = await begin(lab);
    let release = () => {};
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    lab.backend.setScript(({ account, texts, userTexts, isContinuation }) => {
      if (account.name !== 'acc1') return undefined;
      if (texts.some((text) => text.includes('NEW_TASK'))) {
        account.usedPercent = 100;
        return { failure: 'usage-limit' };
      }
      if (isContinuation) return { text: ['the root ', 'is done'], until: opened };
      return userTexts.at(-1) === 'go' ? { calls: [{ kind: 'spawn_agent', to: 'foxes' }] } : {};
    });
    await client.request('turn/start', {
      threadId: thread,
      input: [{ type: 'text', text: 'go' }],
    });
    expect(await lab.hotswap.waitForEvent('agent-refused')).toMatchObject({
      ...{ target: 'acc1', kind: 'window-5h', agentName: '/root/foxes', thread },
    });
    expect(lab.hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h' }]);
    expect(lab.hotswap.eventsOf('rotated')).toEqual([]);
    release();
    expect(await client.waitForTurn(thread, 2)).toMatchObject({ status: 'completed' });
    await lab.hotswap.waitForEvent('rotated');
    expect(await client.runTurn(thread, 'more')).toMatchObject({ status: 'completed' });
    // Nothing was asked that the client has not asked.
    expect(lab.backend.turns('acc2').map(({ turn }) => turn?.userTexts)).toEqual([
      ['one', 'go', 'more'],
    ]);
  },
);
