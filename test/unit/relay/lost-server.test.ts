import { describe, expect, it, test } from 'vitest';
import {
  completed,
  delta,
  failure,
  OTHER,
  OTHER_TURN,
  openScene,
  started,
  status,
  THREAD,
  TURN,
  thread,
  uuid,
} from './relay-scene.ts';

// What a client is told of the things that end with a server. Each test is a row of the table in src/relay/README.md.

const AGENT = uuid(8, 1);
const RETRYABLE = { code: -32001 };

/** A turn has met the limit, and the client has got everything up to then. */
function openFailed() {
  const scene = openScene();
  scene.begin();
  scene.begin(OTHER, null);
  const fail = () => {
    scene.forget();
    scene.server(...failure());
  };
  return { ...scene, fail };
}

describe('a request that the server has not answered', () => {
  it('and that only reads is answered by the successor', async () => {
    const scene = openFailed();
    scene.fail();
    const params = { threadId: THREAD, includeTurns: true };
    scene.client({ id: 1, method: 'thread/read', params }, { id: 'two', method: 'model/list' });
    await scene.handOff();
    expect(scene.got('thread/read')).toEqual([{ id: 1, method: 'thread/read', params }]);
    scene.answer(1, { thread: thread(THREAD) });
    scene.answer('two', { data: [] });
    expect(scene.messages().map(({ id }) => id)).toEqual([1, 'two']);
  });

  it('and that may have had its effect is refused, so that the client decides', async () => {
    const scene = openFailed();
    scene.client({ id: 1, method: 'command/exec', params: { command: ['make'] } });
    scene.client({ id: -2, method: 'turn/start', params: { threadId: OTHER, input: [] } });
    scene.client({ id: 3, method: 'config/value/write', params: {} });
    scene.fail();
    await scene.handOff();
    expect(scene.messages()).toMatchObject([1, -2, 3].map((id) => ({ id, error: RETRYABLE })));
    expect(scene.got('command/exec')).toEqual([]);
  });

  it('by an id that the client uses twice has two answers', async () => {
    const scene = openFailed();
    for (const name of ['a', 'b'])
      scene.client({ id: 5, method: 'thread/name/set', params: { threadId: OTHER, name } });
    scene.answer(5);
    scene.fail();
    await scene.handOff();
    expect(scene.answersTo(5)).toMatchObject([{ error: RETRYABLE }]);
    scene.client({ id: '5', method: 'model/list' });
    scene.answer('5', { data: [] });
    expect(scene.answersTo('5')).toHaveLength(1);
  });

  it('because it was longer than we keep has its refusal, too', async () => {
    const scene = openFailed();
    const big = 'x'.repeat(300 * 1024);
    scene.client({ id: 1, method: 'thread/search', params: { query: big } });
    scene.fail();
    await scene.handOff();
    expect(scene.answersTo(1)).toMatchObject([{ error: RETRYABLE }]);
  });

  it('`initialize` goes to the successor, once', async () => {
    const scene = openScene({ isUnknown: true });
    const message = {
      id: 0,
      method: 'initialize',
      params: { clientInfo: { name: 'a', version: '1' } },
    };
    scene.client(message);
    await scene.handOff();
    expect(scene.got()).toEqual([message]);
  });
});

describe('what runs in the server', () => {
  it('a process ends: its handle may be used again', async () => {
    const scene = openFailed();
    for (const processHandle of ['a', 'b', 'c', 'd'])
      scene.client({ id: processHandle, method: 'process/spawn', params: { processHandle } });
    scene.client({ id: 'again', method: 'process/spawn', params: { processHandle: 'a' } });
    for (const id of ['a', 'b']) scene.answer(id);
    scene.refuse('c');
    scene.refuse('again', 'the handle is in use');
    scene.server({ method: 'process/exited', params: { processHandle: 'b', exitCode: 0 } });
    scene.fail();
    await scene.handOff();
    expect(scene.told('process/exited')).toMatchObject([
      { params: { processHandle: 'a', exitCode: -1 } },
    ]);
    expect(scene.answersTo('d')).toMatchObject([{ error: RETRYABLE }]);
  });

  it('a realtime connection is closed', async () => {
    const scene = openFailed();
    for (const threadId of [THREAD, OTHER])
      scene.client({ id: threadId, method: 'thread/realtime/start', params: { threadId } });
    scene.answer(THREAD);
    scene.refuse(OTHER);
    scene.fail();
    await scene.handOff();
    expect(scene.told('thread/realtime/closed')).toMatchObject([{ params: { threadId: THREAD } }]);
  });

  it('watches, search sessions and switches are set again, but for the refused and the ended', async () => {
    const scene = openFailed();
    const ask = (id: string, method: string, params: object) =>
      scene.client({ id, method, params });
    ask('w1', 'fs/watch', { watchId: 'one', path: '/a' });
    ask('w2', 'fs/watch', { watchId: 'two', path: '/b' });
    ask('w3', 'fs/watch', { watchId: 'one', path: '/refused' });
    ask('s1', 'fuzzyFileSearch/sessionStart', { sessionId: 's', roots: [] });
    ask('s2', 'fuzzyFileSearch/sessionUpdate', { sessionId: 's', query: 'q' });
    ask('s3', 'fuzzyFileSearch/sessionStart', { sessionId: 't', roots: [] });
    ask('u1', 'fs/unwatch', { watchId: 'two' });
    ask('s4', 'fuzzyFileSearch/sessionStop', { sessionId: 't' });
    for (const id of ['w1', 'w2', 's1', 's2', 's3', 'u1', 's4']) scene.answer(id);
    scene.refuse('w3');
    scene.fail();
    await scene.handOff();
    const again = scene.got().filter(({ method }) => /^f/.test(method ?? ''));
    expect(again.map(({ method, params }) => [method, params])).toEqual([
      ['fs/watch', { watchId: 'one', path: '/a' }],
      ['fuzzyFileSearch/sessionStart', { sessionId: 's', roots: [] }],
      ['fuzzyFileSearch/sessionUpdate', { sessionId: 's', query: 'q' }],
    ]);
    expect(scene.lines()).toEqual([]);
  });

  it('a review, or a compaction, is begun again', async () => {
    for (const method of ['review/start', 'thread/compact/start']) {
      const scene = openScene();
      scene.begin(THREAD, null);
      scene.beginTurn(THREAD, TURN, { target: { type: 'uncommittedChanges' } }, method);
      scene.server(...failure());
      await scene.handOff();
      const target = { type: 'uncommittedChanges' };
      expect(scene.got(method)).toMatchObject([{ params: { threadId: THREAD, target } }]);
      expect(scene.got('turn/start')).toEqual([]);
    }
  });

  it('a review has one turn, whatever id Codex announces, and its failure has no items', async () => {
    const [inner, again, innerAgain] = [uuid(20, 2), uuid(21, 2), uuid(22, 2)];
    const begun = { turn: { id: again, status: 'inProgress' } };
    const scene = openScene({ replies: { 'review/start': () => begun } });
    scene.begin(THREAD, null);
    const params = { threadId: THREAD, target: {} };
    const item = (turnId: string, type: string) => ({
      method: 'item/completed',
      params: { threadId: THREAD, turnId, item: { id: type, type } },
    });
    scene.client({ id: 1, method: 'review/start', params });
    scene.answer(1, { reviewThreadId: THREAD, turn: { id: TURN, status: 'inProgress' } });
    scene.server(started(THREAD, inner), item(TURN, 'enteredReviewMode'));
    const [error, ...end] = failure();
    scene.server(error as object, item(TURN, 'exitedReviewMode'), ...end);
    expect(scene.relay.failed()).toMatchObject([{ turn: { id: TURN } }]);
    scene.forget();
    await scene.handOff();
    expect(scene.got('review/start')).toMatchObject([{ params }]);
    scene.server(started(THREAD, innerAgain));
    expect(scene.lines()).toEqual([]);
    // Codex takes the announced id only.
    scene.client({ id: 2, method: 'turn/interrupt', params: { threadId: THREAD, turnId: inner } });
    expect(scene.got('turn/interrupt')).toMatchObject([{ params: { turnId: innerAgain } }]);
    expect(scene.relay.threads()[0]?.turn).toMatchObject({ id: again, isInterrupted: true });
    scene.server(item(again, 'exitedReviewMode'), completed(THREAD, again));
    expect(scene.messages().map(({ params: told }) => told.turnId ?? told.turn.id)).toEqual([
      TURN,
      TURN,
    ]);
  });

  it('a review in a thread of its own is begun again there', async () => {
    const scene = openScene();
    scene.begin(THREAD, null);
    scene.client({
      id: 1,
      method: 'review/start',
      params: { threadId: THREAD, delivery: 'detached', target: {} },
    });
    scene.server({ method: 'thread/started', params: { thread: thread(OTHER) } });
    scene.answer(1, { reviewThreadId: OTHER, turn: { id: TURN, status: 'inProgress' } });
    scene.server(started(OTHER, TURN));
    scene.server(...failure(OTHER, TURN));
    expect(scene.relay.failed().map(({ id }) => id)).toEqual([OTHER]);
    await scene.handOff();
    expect(scene.got('review/start')).toMatchObject([
      { params: { threadId: OTHER, delivery: 'inline' } },
    ]);
  });

  it('a goal is set active again, and one that has ended is not', async () => {
    const orders = [undefined, 'complete', 'cleared'].flatMap((ends) =>
      [true, false].map((isHaltedFirst) => ({ ends, isHaltedFirst })),
    );
    for (const { ends, isHaltedFirst } of orders) {
      const scene = openScene();
      scene.begin();
      const goal = (status: string) => ({
        method: 'thread/goal/updated',
        params: { threadId: THREAD, goal: { status } },
      });
      scene.server(goal('active'));
      if (ends === 'complete') scene.server(goal('complete'));
      if (ends === 'cleared')
        scene.server({ method: 'thread/goal/cleared', params: { threadId: THREAD } });
      scene.forget();
      const [error, ...end] = failure();
      // Codex 0.171 tells that the goal is halted before it tells the error.
      if (isHaltedFirst && ends === undefined) scene.server(goal('usageLimited'), ...failure());
      else scene.server(error as object, goal('usageLimited'), ...end);
      await scene.handOff();
      expect(scene.got('thread/goal/set')).toHaveLength(ends === undefined ? 1 : 0);
      expect(scene.lines()).toEqual([]);
    }
  });

  it('a goal that the client has seen halted is the client’s to set active again', async () => {
    const scene = openScene();
    scene.begin();
    const goal = (status: string) => ({
      method: 'thread/goal/updated',
      params: { threadId: THREAD, goal: { status } },
    });
    scene.server(goal('active'), goal('usageLimited'), ...failure());
    // No account is left.
    scene.relay.deliverHeld();
    scene.server(started(THREAD, uuid(30, 2)), ...failure(THREAD, uuid(30, 2)));
    await scene.handOff();
    expect(scene.told('thread/goal/updated')).toHaveLength(2);
    expect(scene.got('thread/goal/set')).toEqual([]);
  });

  it('an agent ends with the server, and gets no turn that no one asked for', async () => {
    const scene = openFailed();
    const agent = { thread: thread(AGENT, { parentThreadId: THREAD, agentNickname: 'Ada' }) };
    scene.server({ method: 'thread/started', params: agent }, started(AGENT, uuid(20, 2)));
    scene.fail();
    await scene.handOff();
    expect(scene.messages()).toMatchObject([
      status(AGENT, 'idle'),
      { method: 'turn/completed', params: { threadId: AGENT, turn: { status: 'interrupted' } } },
      { method: 'thread/closed', params: { threadId: AGENT } },
    ]);
    expect(scene.got('thread/resume').map(({ params }) => params.threadId)).not.toContain(AGENT);
    expect(scene.relay.threads().map(({ id }) => id)).not.toContain(AGENT);
  });

  it.each([
    {
      method: 'thread/started',
      params: { thread: thread(AGENT, { parentThreadId: THREAD }) },
    },
    {
      method: 'item/started',
      params: {
        threadId: THREAD,
        item: {
          ...{ type: 'subAgentActivity', kind: 'started' },
          ...{ agentThreadId: AGENT, agentPath: '/root/foxes' },
        },
      },
    },
  ])(
    'an agent at the limit, known by $method: its client sees that, and no handoff begins for it',
    (announcement) => {
      const scene = openFailed();
      scene.server(announcement, started(AGENT, uuid(20, 2)));
      scene.forget();
      scene.server(...failure(AGENT, uuid(20, 2)));
      expect(scene.messages()).toEqual(failure(AGENT, uuid(20, 2)));
      expect(scene.events).toContain(`agent failed ${AGENT}`);
      expect(scene.events).not.toContain('failed');
      // The session is known by the threads of its client.
      expect(scene.events).not.toContain(`opened ${AGENT}`);
    },
  );

  it('an agent that the client has opened itself is opened again, without a turn', async () => {
    const scene = openFailed();
    scene.client({ id: 1, method: 'thread/resume', params: { threadId: AGENT } });
    scene.answer(1, { thread: thread(AGENT, { parentThreadId: THREAD }) });
    scene.server(started(AGENT, uuid(20, 2)));
    scene.fail();
    await scene.handOff();
    expect(scene.got('thread/resume').map(({ params }) => params.threadId)).toContain(AGENT);
    expect(scene.got('turn/start')).toHaveLength(1);
    expect(scene.told('turn/completed')).toMatchObject([{ params: { threadId: AGENT } }]);
  });

  it('a command of the user in a thread ends, and no turn takes its place', async () => {
    const scene = openFailed();
    scene.beginTurn(OTHER, OTHER_TURN, { command: 'make' }, 'thread/shellCommand');
    scene.fail();
    await scene.handOff();
    expect(scene.got('turn/start')).toHaveLength(1);
    expect(scene.told('turn/completed')).toMatchObject([{ params: { threadId: OTHER } }]);
  });
});

describe('a question of the server', () => {
  const ask = (id: number | string, threadId: string) => ({
    ...{ method: 'item/commandExecution/requestApproval', id },
    params: { threadId, turnId: TURN, itemId: 'i' },
  });

  it('is taken back, and a late answer goes nowhere', async () => {
    const scene = openFailed();
    scene.server(ask(0, OTHER), ask('e', THREAD), {
      method: 'attestation/generate',
      id: 7,
      params: {},
    });
    scene.fail();
    await scene.handOff();
    expect(scene.told('serverRequest/resolved').map(({ params }) => params)).toEqual([
      { threadId: OTHER, requestId: 0 },
      { threadId: THREAD, requestId: 'e' },
    ]);
    const got = scene.got().length;
    scene.client(
      { id: 0, result: { decision: 'accept' } },
      { id: 7, error: { code: 1, message: '' } },
    );
    expect(scene.got()).toHaveLength(got);
  });

  it('of a successor has an id of its own, and its answer the id that the successor knows', async () => {
    const scene = openFailed();
    scene.server(ask(0, OTHER));
    scene.fail();
    await scene.handOff();
    scene.forget();
    scene.server(ask(0, OTHER), ask('e', THREAD), {
      method: 'serverRequest/resolved',
      params: { threadId: THREAD, requestId: 'e' },
    });
    const [number, text] = scene.messages();
    expect(number?.id).not.toBe(0);
    expect(text?.id).not.toBe('e');
    expect(scene.messages()[2]?.params.requestId).toBe(text?.id);
    scene.client(
      { id: number?.id ?? '', result: { decision: 'accept' } },
      { id: text?.id ?? '', result: {} },
    );
    expect(scene.got().at(-1)).toEqual({ id: 0, result: { decision: 'accept' } });
  });

  it('about a held thread waits with it, and is never asked when the thread goes on', async () => {
    const scene = openFailed();
    scene.fail();
    scene.server(ask(3, THREAD));
    expect(scene.lines()).toEqual([]);
    scene.client({ id: 3, result: {} });
    expect(scene.got().at(-1)).toEqual({ id: 3, result: {} });
  });
});

test('the order of lines: what the client gets is in the order of the server, in one write a chunk', () => {
  const scene = openScene();
  scene.begin();
  scene.begin(OTHER, OTHER_TURN);
  scene.forget();
  const lines = [delta(THREAD), delta(OTHER, OTHER_TURN), 'no json\n', '[]\n', completed(THREAD)];
  scene.server(...lines);
  expect(scene.lines().map((line) => line)).toEqual(
    lines.map((line) => (typeof line === 'string' ? line.trimEnd() : JSON.stringify(line))),
  );
});
