import { describe, expect, it, test } from 'vitest';
import {
  completed,
  failure,
  LIMIT,
  OTHER,
  OTHER_TURN,
  openScene,
  status,
  THREAD,
  TURN,
  thread,
  uuid,
} from './relay-scene.ts';

// A successor that refuses, does not answer, or ends: the client gets the end of its turn, and goes on with the server.

const NO = () => ({ error: { code: -32600, message: 'no' } });
const SILENT = () => 'silence' as const;
const closed = (threadId: string) => ({ method: 'thread/closed', params: { threadId } });
const rename = { id: 9, method: 'thread/name/set', params: { threadId: THREAD, name: 'n' } };

describe.each([
  ['refuses', NO, 'no'],
  ['does not answer', SILENT, /no answer to .* in time/],
] as const)('a server that %s', (_, reply, refusal) => {
  it.each(['initialize', 'thread/resume', 'turn/start'])('%s', async (method) => {
    const scene = openScene({ replies: { [method]: reply } });
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.forget();
    scene.server(...failure());
    scene.client(rename);
    scene.nextServer();
    const opened = scene.open();
    for (let count = 0; count < 10; count += 1) {
      await scene.settle();
      scene.elapse(20_000);
    }
    const told = await opened;
    const isOpened = method === 'turn/start';
    if (isOpened) expect(told).toEqual({});
    else expect(told.refusal).toMatch(refusal);
    const cut = [status(OTHER, 'idle'), completed(OTHER, OTHER_TURN, 'interrupted')];
    expect(scene.messages()).toMatchObject([
      ...failure(),
      ...(isOpened ? [] : [closed(THREAD)]),
      ...cut,
      ...(isOpened ? [] : [closed(OTHER)]),
    ]);
    // The client's lines go on to the server, and it answers.
    expect(scene.got('thread/name/set')).toEqual([rename]);
    expect(scene.relay.hasRunningTurn()).toBe(false);
    expect(scene.events.filter((event) => event.startsWith('note'))).toHaveLength(2);
  });
});

test('a server that does not answer is not asked about each thread', async () => {
  const scene = openScene({ replies: { 'thread/resume': SILENT } });
  scene.begin();
  for (const count of [2, 3, 4, 5]) scene.begin(uuid(count, 1), uuid(count, 2));
  scene.server(...failure());
  scene.nextServer();
  const opened = scene.open();
  await scene.settle();
  scene.elapse(20_000);
  await opened;
  expect(scene.got('thread/resume')).toHaveLength(1);
});

test('a server without `excludeTurns` is asked again without it', async () => {
  const scene = openScene({
    replies: {
      'thread/resume': ({ excludeTurns, threadId }) =>
        excludeTurns ? NO() : { thread: thread(threadId) },
    },
  });
  scene.begin();
  scene.forget();
  scene.server(...failure());
  expect(await scene.handOff()).toEqual({});
  expect(scene.got('thread/resume')).toHaveLength(2);
  expect(scene.lines()).toEqual([]);
});

test('a setting that the successor refuses is no reason to stop', async () => {
  const scene = openScene({ replies: { 'fs/watch': NO } });
  scene.begin();
  scene.client({ id: 1, method: 'fs/watch', params: { watchId: 'a' } });
  scene.answer(1);
  scene.forget();
  scene.server(...failure());
  expect(await scene.handOff()).toEqual({});
  expect(scene.lines()).toEqual([]);
});

describe('a server that ends while it is being opened', () => {
  it.each(['initialize', 'thread/resume', 'turn/start'])(
    'after %s, as the last one: the client gets the end of its turn, and nothing after it',
    async (method) => {
      const scene = openScene({ replies: { [method]: SILENT } });
      scene.begin();
      scene.begin(OTHER, OTHER_TURN);
      scene.forget();
      scene.server(...failure());
      scene.nextServer();
      const opened = scene.open();
      await scene.settle();
      scene.relay.serverEnded(true);
      expect((await opened).refusal).toBe('codex has ended');
      expect(scene.messages()).toEqual(failure());
    },
  );

  it('because its first turn meets the limit: the third server goes on with every thread', async () => {
    let server = 0;
    const scene = openScene({
      replies: {
        'thread/resume': ({ threadId }) =>
          server === 1 && threadId === OTHER ? 'silence' : { thread: thread(threadId) },
      },
    });
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.forget();
    scene.server(...failure());
    server = 1;
    scene.nextServer();
    const first = scene.open();
    await scene.settle();
    scene.server(...failure(THREAD, uuid(101, 2)));
    server = 2;
    await scene.handOff();
    await first;
    expect(scene.lines()).toEqual([]);
    expect(scene.got('turn/start').map(({ params }) => params.threadId)).toEqual([THREAD, OTHER]);
    scene.server(completed(OTHER, uuid(103, 2)), completed(THREAD, uuid(102, 2)));
    expect(scene.messages()).toEqual([completed(OTHER, OTHER_TURN), completed(THREAD, TURN)]);
  });

  it.each(['turn/started', 'item/completed'])(
    'after the answer to turn/start and before %s: the turn goes on once more',
    async (last) => {
      const isAnnounced = last !== 'turn/started';
      const scene = openScene({ replies: { 'turn/start': SILENT } });
      scene.begin();
      scene.forget();
      scene.server(...failure());
      scene.nextServer();
      const opened = scene.open();
      await scene.settle();
      const turn = { id: uuid(130, 2), status: 'inProgress' };
      scene.answer(scene.got('turn/start')[0]?.id ?? '', { turn });
      if (isAnnounced) scene.server({ method: 'turn/started', params: { threadId: THREAD, turn } });
      await opened;
      scene.nextServer();
      const again = scene.open();
      await scene.settle();
      expect(scene.got('turn/start')).toHaveLength(1);
      scene.answer(scene.got('turn/start')[0]?.id ?? '', { turn: { id: uuid(131, 2) } });
      await again;
      scene.server(completed(THREAD, uuid(131, 2)));
      expect(scene.messages()).toEqual([completed(THREAD, TURN)]);
    },
  );
});

describe('notices of ours', () => {
  it('wait for a client that has not introduced itself', () => {
    const scene = openScene({ isUnknown: true });
    scene.relay.warn('every account is at its limit');
    scene.client({ id: 0, method: 'initialize', params: {} });
    scene.server({ id: 0, result: {} });
    expect(scene.messages()).toEqual([{ id: 0, result: {} }]);
    scene.client({ method: 'initialized' });
    expect(scene.told('warning')).toMatchObject([{ params: { threadId: null } }]);
  });

  it('and no other line of a method that the client does not want: it gets none, and the relay reads them', async () => {
    const optOutNotificationMethods = [
      ...['warning', 'turn/started', 'turn/completed', 'error', 'thread/status/changed'],
      ...['serverRequest/resolved', 'process/exited', 'thread/closed', 'item/agentMessage/delta'],
    ];
    const capabilities = { experimentalApi: true, optOutNotificationMethods };
    const scene = openScene({ initialize: { clientInfo: { name: 'a' }, capabilities } });
    const sent = scene.got('initialize')[0]?.params.capabilities;
    expect(sent).toEqual({
      ...{
        experimentalApi: true,
        optOutNotificationMethods: ['warning', 'item/agentMessage/delta'],
      },
    });
    scene.begin();
    scene.begin(OTHER, OTHER_TURN, { ephemeral: true });
    scene.client({ id: 1, method: 'process/spawn', params: { processHandle: 'a' } });
    scene.answer(1);
    scene.server({ method: 'x/requestApproval', id: 0, params: { threadId: OTHER } });
    scene.forget();
    scene.relay.warn('w');
    scene.server(...failure());
    expect(scene.relay.failed()).toHaveLength(1);
    await scene.handOff();
    scene.server(completed(THREAD, uuid(102, 2)));
    expect(scene.lines()).toEqual([]);
    expect(scene.got('initialize')[0]?.params.capabilities).toEqual(sent);
  });
});

test('a client that has not introduced itself does so at the server that lives', async () => {
  const scene = openScene({ isUnknown: true });
  await scene.handOff();
  expect(scene.got()).toEqual([]);
  const message = { id: 0, method: 'initialize', params: {} };
  scene.client(message);
  expect(scene.got()).toEqual([message]);
});

test('the last server ends: what was held comes out, and half a line as Codex has written it', () => {
  const scene = openScene();
  scene.begin();
  scene.forget();
  scene.server(...failure());
  scene.relay.serverEnded(true);
  expect(scene.messages()).toEqual(failure(THREAD, TURN, LIMIT));
  scene.client(rename);
  expect(scene.got('thread/name/set')).toEqual([]);
});
