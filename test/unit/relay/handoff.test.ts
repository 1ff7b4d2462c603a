import { describe, expect, it, test } from 'vitest';
import {
  completed,
  delta,
  failure,
  LIMIT,
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

// What a client of app-server gets when a turn meets a limit, and the work goes on at another server.

const SECOND = uuid(101, 2);

describe('a turn that meets the limit', () => {
  it('goes on under the id that the client knows, without its error, with its own parameters and no prompt', async () => {
    const scene = openScene();
    scene.begin(THREAD, null);
    scene.beginTurn(THREAD, TURN, { model: 'gpt-x', effort: 'high', cwd: '/else' });
    scene.forget();
    scene.server(...failure());
    expect(scene.lines()).toEqual([]);
    expect(scene.events.at(-1)).toBe('failed');
    await scene.handOff();
    expect(scene.got().map(({ method }) => method)).toEqual([
      ...['initialize', 'initialized', 'thread/resume', 'turn/start'],
    ]);
    expect(scene.got('turn/start')[0]?.params).toEqual({
      ...{ threadId: THREAD, input: [], model: 'gpt-x', effort: 'high', cwd: '/else' },
    });
    expect(scene.lines()).toEqual([]);
    scene.server(delta(THREAD, SECOND, 'b'), status(THREAD, 'idle'), completed(THREAD, SECOND));
    expect(scene.messages()).toEqual([
      ...[delta(THREAD, TURN, 'b'), status(THREAD, 'idle'), completed(THREAD, TURN)],
    ]);
    expect(scene.events).toContain(`succeeded ${THREAD}`);
  });

  it('ends as Codex has told it when nobody is left, byte for byte', () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    const lines = failure().map((message) => `${JSON.stringify(message)} \n`);
    scene.server(...lines);
    scene.relay.deliverHeld();
    expect(scene.lines().map((line) => `${line}\n`)).toEqual(lines);
    // And the client may go on.
    scene.beginTurn(THREAD, OTHER_TURN);
    expect(scene.got('turn/start')).toHaveLength(2);
  });

  it('meets it again at the next server, and at the one after', async () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    for (const turn of [TURN, uuid(101, 2), uuid(102, 2)]) {
      scene.server(...failure(THREAD, turn));
      await scene.handOff();
    }
    scene.client({ id: 5, method: 'turn/interrupt', params: { threadId: THREAD, turnId: TURN } });
    expect(scene.got('turn/interrupt')[0]?.params.turnId).toBe(uuid(103, 2));
    scene.server(completed(THREAD, uuid(103, 2)));
    expect(scene.messages()).toEqual([completed(THREAD, TURN)]);
  });

  it('gets what the server told of its thread besides the failure', async () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    const name = { method: 'thread/name/updated', params: { threadId: THREAD, threadName: 'n' } };
    const [error, systemError, end] = failure();
    scene.server(error as object, name, systemError as object, end as object);
    await scene.handOff();
    expect(scene.messages()).toEqual([name]);
  });

  it('loses no line of the successor that comes in one chunk with the answer, or before it', async () => {
    for (const isAnnouncedFirst of [false, true]) {
      const scene = openScene({ replies: { 'turn/start': () => 'silence' } });
      scene.begin();
      scene.forget();
      scene.server(...failure());
      scene.nextServer();
      const opened = scene.open();
      await scene.settle();
      const { id } = scene.got('turn/start')[0] ?? {};
      const answer = { id, result: { turn: { id: SECOND, status: 'inProgress', items: [] } } };
      const begun = started(THREAD, SECOND);
      const first = isAnnouncedFirst ? [begun, delta(THREAD, SECOND), answer] : [answer, begun];
      scene.server(...first, delta(THREAD, SECOND, 'b'), completed(THREAD, SECOND));
      await opened;
      expect(scene.messages()).toEqual([
        ...(isAnnouncedFirst ? [delta()] : []),
        ...[delta(THREAD, TURN, 'b'), completed()],
      ]);
    }
  });

  it('is not begun again when the session moves without it', async () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure());
    await scene.handOff(false);
    expect(scene.messages()).toEqual(failure());
    expect(scene.got('turn/start')).toEqual([]);
  });

  test.each([
    ['by the record only', { message: 'invalid_encrypted_content', codexErrorInfo: 'other' }],
    ['in an object', { message: 'x', codexErrorInfo: { usageLimitExceeded: { a: 1 } } }],
  ])('that is told %s is held', (_, error) => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure(THREAD, TURN, error));
    expect(scene.lines()).toEqual([]);
    expect(scene.relay.failed()).toHaveLength(1);
  });
});

describe('no line is held for long', () => {
  it('of a turn that fails for another reason: all come at its end, in order', () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    const lines = failure(THREAD, TURN, { message: 'boom', codexErrorInfo: 'other' });
    scene.server(...lines);
    expect(scene.messages()).toEqual(lines);
    expect(scene.events.at(-1)).toBe('at rest');
  });

  it('without the end of a turn: two seconds, and the requests that waited go on', () => {
    const scene = openScene();
    scene.begin(THREAD, null);
    scene.forget();
    scene.server(status(THREAD, 'systemError'));
    scene.client({ id: 9, method: 'thread/name/set', params: { threadId: THREAD, name: 'n' } });
    expect([scene.lines(), scene.got('thread/name/set')]).toEqual([[], []]);
    scene.elapse(2000);
    expect(scene.messages()).toEqual([status(THREAD, 'systemError')]);
    expect(scene.got('thread/name/set')).toHaveLength(1);
  });

  it('the timer of an earlier hold ends no later one', () => {
    const scene = openScene();
    scene.begin(THREAD, null);
    scene.server(status(THREAD, 'systemError'));
    scene.elapse(1000);
    scene.beginTurn();
    scene.server(completed());
    scene.beginTurn(THREAD, OTHER_TURN);
    scene.server(status(THREAD, 'systemError'));
    scene.forget();
    scene.elapse(1000);
    expect(scene.lines()).toEqual([]);
    scene.elapse(1000);
    expect(scene.messages()).toEqual([status(THREAD, 'systemError')]);
  });
});

describe('other threads', () => {
  it('get every line at once, also one that names the held thread', () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.forget();
    scene.server(...failure());
    const line = `{"method":"item/completed","params":{"threadId":"${OTHER}","item":{"senderThreadId":"${THREAD}"}},"emittedAtMs":1}\n`;
    scene.server(line, delta(OTHER, OTHER_TURN));
    expect(`${scene.lines()[0]}\n`).toBe(line);
    expect(scene.messages()[1]).toEqual(delta(OTHER, OTHER_TURN));
  });

  it('whose turn runs go on, too, also under no prompt; those at rest are opened again', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.begin(uuid(3, 1), uuid(12, 2));
    scene.server(completed(uuid(3, 1), uuid(12, 2)));
    scene.forget();
    scene.server(...failure());
    expect(scene.relay.hasRunningTurn()).toBe(true);
    await scene.handOff();
    expect(scene.got('thread/resume').map(({ params }) => params.threadId)).toEqual([
      ...[THREAD, OTHER, uuid(3, 1)],
    ]);
    expect(scene.got('turn/start').map(({ params }) => params.threadId)).toEqual([THREAD, OTHER]);
    scene.server(completed(OTHER, uuid(102, 2)));
    expect(scene.messages()).toEqual([completed(OTHER, OTHER_TURN)]);
  });

  it('of which one goes on already are heard while the rest is opened', async () => {
    const scene = openScene({
      replies: {
        'thread/resume': ({ threadId }) =>
          threadId === OTHER ? 'silence' : { thread: thread(threadId) },
      },
    });
    scene.begin();
    scene.begin(OTHER, null);
    scene.beginTurn(OTHER, OTHER_TURN);
    scene.server(completed(OTHER, OTHER_TURN));
    scene.forget();
    scene.server(...failure());
    scene.nextServer();
    const opened = scene.open();
    await scene.settle();
    scene.server(status(OTHER, 'idle'), status(THREAD, 'idle'), completed(THREAD, SECOND));
    expect(scene.messages()).toEqual([status(THREAD, 'idle'), completed(THREAD, TURN)]);
    const agent = { thread: thread(uuid(4, 1), { parentThreadId: THREAD }) };
    scene.server({ method: 'thread/started', params: agent });
    scene.server({ method: 'thread/started', params: { thread: thread(OTHER) } });
    expect(scene.told('thread/started')).toEqual([{ method: 'thread/started', params: agent }]);
    scene.elapse(20_000);
    await scene.settle();
    expect((await opened).refusal).toMatch(/no answer to thread\/resume/);
  });
});

describe('a thread', () => {
  it('without a turn is begun again, and keeps its id for the client', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, null, { approvalPolicy: 'never' });
    scene.forget();
    scene.server(...failure());
    await scene.handOff();
    const now = uuid(102, 1);
    expect(scene.got('thread/start')[0]?.params).toEqual({ cwd: '/repo', approvalPolicy: 'never' });
    scene.client({ id: 7, method: 'turn/start', params: { threadId: OTHER, input: [] } });
    expect(scene.got('turn/start')[1]?.params.threadId).toBe(now);
    scene.server(started(now, OTHER_TURN), completed(now, OTHER_TURN));
    expect(scene.messages()).toEqual([started(OTHER, OTHER_TURN), completed(OTHER, OTHER_TURN)]);
    // Its second handoff resumes it.
    scene.server(...failure(THREAD, SECOND));
    await scene.handOff();
    expect(scene.got('thread/resume').map(({ params }) => params.threadId)).toEqual([THREAD, now]);
    expect(scene.events).toContain(`opened ${now}`);
  });

  it('with items of the client but no turn is on record', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, null);
    scene.client({ id: 3, method: 'thread/inject_items', params: { threadId: OTHER, items: [] } });
    scene.answer(3);
    scene.server(...failure());
    await scene.handOff();
    expect(scene.got('thread/start')).toEqual([]);
  });

  it('that is not recorded is begun again in its first turn, and its prompt is not told twice', async () => {
    const scene = openScene();
    scene.begin(THREAD, TURN, { ephemeral: true });
    scene.forget();
    scene.server(...failure());
    await scene.handOff();
    const [now, turn] = [uuid(101, 1), uuid(102, 2)];
    const input = [{ type: 'text', text: 'do it' }];
    expect(scene.got('turn/start')).toMatchObject([{ params: { threadId: now, input } }]);
    const item = (type: string) => (method: string) => ({
      method,
      params: { threadId: now, turnId: turn, item: { type } },
    });
    const both = ['item/started', 'item/completed'];
    scene.server(...both.map(item('userMessage')), ...both.map(item('agentMessage')));
    expect(scene.messages()).toMatchObject(
      both.map((method) => ({ method, params: { threadId: THREAD, turnId: TURN } })),
    );
    expect(scene.lines().join()).not.toContain('userMessage');
  });

  it.each(['has begun to work', 'has answered before'])(
    'that is not recorded is closed, with the end of its turn, once the model %s',
    async (when) => {
      const scene = openScene();
      scene.begin(THREAD, TURN, { ephemeral: true });
      const item = { type: 'commandExecution', id: 'item' };
      const params = { threadId: THREAD, turnId: TURN, item };
      if (when === 'has begun to work') scene.server({ method: 'item/started', params });
      else scene.server(completed());
      if (when !== 'has begun to work') scene.beginTurn(THREAD, SECOND);
      const id = when === 'has begun to work' ? TURN : SECOND;
      scene.begin(OTHER, OTHER_TURN);
      scene.forget();
      scene.server(...failure(OTHER, OTHER_TURN));
      await scene.handOff();
      expect(scene.messages()).toMatchObject([
        status(THREAD, 'idle'),
        { method: 'turn/completed', params: { turn: { id, status: 'interrupted' } } },
        { method: 'thread/closed', params: { threadId: THREAD } },
      ]);
    },
  );

  it('that goes on in a copy keeps its id, and so does the copy of the copy', async () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    for (const [was, copy, turn] of [
      [THREAD, uuid(5, 1), TURN],
      [uuid(5, 1), uuid(6, 1), SECOND],
    ] as const) {
      scene.server(...failure(was, turn));
      scene.nextServer();
      const [original] = scene.relay.threads();
      if (original !== undefined) scene.relay.renameThread(original, copy);
      const opened = scene.open();
      await scene.settle();
      await opened;
      expect(scene.got('thread/resume')[0]?.params.threadId).toBe(copy);
    }
    scene.server(completed(uuid(6, 1), uuid(102, 2)));
    expect(scene.messages()).toEqual([completed(THREAD, TURN)]);
    scene.client({ id: 1, method: 'thread/read', params: { threadId: THREAD } });
    expect(scene.got('thread/read')[0]?.params.threadId).toBe(uuid(6, 1));
  });

  it.each(['thread/archived', 'thread/deleted', 'thread/closed'])(
    'after %s is not opened again',
    async (method) => {
      const scene = openScene();
      scene.begin();
      scene.begin(OTHER, null);
      scene.server({ method, params: { threadId: OTHER } }, ...failure());
      await scene.handOff();
      expect(scene.got('thread/start')).toEqual([]);
    },
  );

  it('that the client leaves is not opened again', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, null);
    scene.client({ id: 1, method: 'thread/unsubscribe', params: { threadId: OTHER } });
    scene.answer(1, { status: 'unsubscribed' });
    scene.server(...failure());
    await scene.handOff();
    expect(scene.got('thread/start')).toEqual([]);
  });

  it('in a directory whose rule forbids the next account ends as it failed', async () => {
    const scene = openScene({
      forbids: (directory) => (directory === '/acme' ? 'a rule' : undefined),
    });
    scene.begin(THREAD, null);
    Object.assign(scene.relay.threads()[0] ?? {}, { cwd: '/acme' });
    scene.server(started());
    scene.forget();
    scene.server(...failure());
    await scene.handOff();
    expect(scene.messages()).toEqual(failure());
    expect(scene.events).toContain(`note the thread ${THREAD} could not go on: a rule`);
  });
});

test('Codex up to 0.144: the turn goes on with a prompt, once, and its end is that of the second try', async () => {
  const needsInput = { message: 'input must not be empty', codexErrorInfo: 'badRequest' };
  for (const isTold of ['after', 'before', 'with']) {
    const scene = openScene({
      replies: isTold === 'after' ? {} : { 'turn/start': () => 'silence' },
    });
    scene.begin();
    scene.forget();
    scene.server(...failure());
    const error = {
      method: 'error',
      params: { threadId: THREAD, turnId: SECOND, error: needsInput },
    };
    scene.nextServer();
    const opened = scene.open();
    await scene.settle();
    const { id } = scene.got('turn/start')[0] ?? {};
    const answer = { id, result: { turn: { id: SECOND, status: 'inProgress' } } };
    if (isTold === 'before') scene.server(error, answer);
    else if (isTold === 'with') scene.server(answer, error);
    else scene.server(error);
    await scene.settle();
    await opened;
    const again = scene.got('turn/start').at(-1);
    expect(again?.params.input).toEqual([{ type: 'text', text: 'continue', text_elements: [] }]);
    if (isTold !== 'after') scene.answer(again?.id ?? '', { turn: { id: uuid(150, 2) } });
    scene.server(delta(THREAD, SECOND), completed(THREAD, SECOND, 'failed', needsInput));
    expect([isTold, scene.messages()]).toEqual([isTold, [delta(), completed()]]);
    expect(scene.got('turn/start')).toHaveLength(2);
  }
});

test('the same meets the limit again: that is a failure, and not the old error', async () => {
  const needsInput = { message: 'input must not be empty', codexErrorInfo: 'badRequest' };
  const scene = openScene();
  scene.begin();
  scene.forget();
  scene.server(...failure());
  await scene.handOff();
  scene.server({ method: 'error', params: { threadId: THREAD, error: needsInput } });
  await scene.settle();
  const [error] = failure(THREAD, SECOND);
  scene.server(error as object, completed(THREAD, SECOND, 'failed', needsInput));
  expect(scene.relay.failed()[0]?.turn?.failure?.info).toBe(LIMIT.codexErrorInfo);
  scene.relay.deliverHeld();
  expect(scene.messages()[1]).toEqual(completed(THREAD, TURN, 'failed', LIMIT));
});
