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
  uuid,
} from './relay-scene.ts';

// What a client does while a turn is held, or while a handoff is under way.

const SECOND = uuid(101, 2);
const rename = (id: number, threadId = THREAD) => ({
  ...{ id, method: 'thread/name/set', params: { threadId, name: String(id) } },
});
const interrupt = (id: number, threadId = THREAD, turnId = TURN) => ({
  ...{ id, method: 'turn/interrupt', params: { threadId, turnId } },
});

describe('the end of a turn that the client asks for', () => {
  it('while it is held: it ends now, and what waited for it goes on, in order', () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure());
    scene.client(rename(1), interrupt(2), rename(3));
    expect(scene.messages()).toMatchObject([
      { id: 2, result: {} },
      status(THREAD, 'idle'),
      completed(THREAD, TURN, 'interrupted'),
    ]);
    expect(scene.got('thread/name/set').map(({ id }) => id)).toEqual([1, 3]);
    expect(scene.events).toContain('interrupted');
    expect(scene.relay.failed()).toEqual([]);
  });

  it('between two servers: no server begins it again', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.forget();
    scene.server(...failure());
    scene.nextServer();
    scene.client(interrupt(1), interrupt(2, OTHER, OTHER_TURN));
    expect(scene.told('turn/completed').map(({ params }) => params.turn.status)).toEqual([
      ...['interrupted', 'interrupted'],
    ]);
    const opened = scene.open();
    await scene.settle();
    await opened;
    expect(scene.got('turn/start')).toEqual([]);
    expect(scene.got('thread/resume')).toHaveLength(2);
  });

  it('while a successor is asked to go on: the successor gets it, with the id of its turn', async () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure());
    scene.nextServer();
    const opened = scene.open();
    while (scene.got('turn/start').length === 0) await scene.settle();
    scene.client(interrupt(1));
    await scene.settle();
    await opened;
    expect(scene.got('turn/interrupt')).toEqual([interrupt(1, THREAD, SECOND)]);
  });

  it('before its failure: it fails as without us, and nothing goes on', () => {
    const scene = openScene();
    scene.begin();
    scene.client(interrupt(1));
    scene.forget();
    scene.server(...failure());
    expect(scene.messages()).toEqual(failure());
    expect(scene.events).not.toContain('failed');
  });

  it('before its server ends: it is answered, and the turn does not go on', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.client(interrupt(1, OTHER, OTHER_TURN));
    scene.forget();
    scene.server(...failure());
    await scene.handOff();
    expect(scene.messages()).toMatchObject([
      { id: 1, result: {} },
      status(OTHER, 'idle'),
      completed(OTHER, OTHER_TURN, 'interrupted'),
    ]);
    expect(scene.got('turn/start').map(({ params }) => params.threadId)).toEqual([THREAD]);
  });

  it('that the server refuses counts for nothing', () => {
    const scene = openScene();
    scene.begin();
    scene.client(interrupt(1));
    scene.refuse(1);
    scene.server(...failure());
    expect(scene.events).toContain('failed');
  });

  it('of another turn than the held one waits for the server', () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure());
    scene.client(interrupt(1, THREAD, OTHER_TURN));
    expect([scene.lines(), scene.got('turn/interrupt')]).toEqual([[], []]);
    scene.relay.deliverHeld();
    expect(scene.got('turn/interrupt')).toHaveLength(1);
  });
});

describe('requests about a held thread', () => {
  it('wait, in order, and go to the successor with its ids; those about other threads do not', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, null);
    scene.server(...failure());
    const params = { threadId: THREAD, expectedTurnId: TURN, input: [] };
    const queue = { id: 3, method: 'thread/queue/add', params: { threadId: THREAD } };
    scene.client({ id: 1, method: 'turn/steer', params }, rename(2), queue, rename(4, OTHER));
    expect(scene.got().at(-1)).toEqual(rename(4, OTHER));
    await scene.handOff();
    expect(scene.got().slice(-3)).toEqual([
      ...[{ id: 1, method: 'turn/steer', params: { ...params, expectedTurnId: SECOND } }],
      ...[rename(2), queue],
    ]);
  });

  it('go to the same server when there is no handoff', () => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    scene.client(rename(1), rename(2));
    expect(scene.got('thread/name/set')).toEqual([]);
    scene.relay.deliverHeld();
    expect(scene.got('thread/name/set')).toEqual([rename(1), rename(2)]);
  });

  it('are refused when 4 MB wait already, and the client is read all the same', () => {
    const scene = openScene();
    scene.begin();
    scene.forget();
    scene.server(...failure());
    const big = {
      id: 1,
      method: 'turn/start',
      params: { threadId: THREAD, input: 'x'.repeat(5e6) },
    };
    scene.client(big, rename(2), interrupt(3));
    expect(scene.answersTo(2)).toMatchObject([{ error: { code: -32001 } }]);
    expect(scene.answersTo(3)).toMatchObject([{ result: {} }]);
    expect(scene.events.filter((event) => event.startsWith('waiting'))).not.toContain(
      'waiting 5000',
    );
    expect(scene.got('turn/start').at(-1)?.id).toBe(1);
  });

  it('that only read are answered by the server that lives', () => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    scene.client({ id: 1, method: 'thread/read', params: { threadId: THREAD } });
    expect(scene.got('thread/read')).toHaveLength(1);
  });
});

describe('a server that is to end', () => {
  it('gets what is about a turn that still runs; everything else waits for its successor', async () => {
    const scene = openScene();
    scene.begin();
    scene.begin(OTHER, OTHER_TURN);
    scene.begin(uuid(3, 1), null);
    scene.server(...failure());
    scene.relay.serverEnds();
    const exec = { id: 1, method: 'command/exec', params: { command: ['ls'] } };
    scene.client(exec, rename(2, uuid(3, 1)), interrupt(3, OTHER, OTHER_TURN));
    scene.client({ id: 4, method: 'model/list' });
    expect(
      scene
        .got()
        .slice(-2)
        .map(({ id }) => id),
    ).toEqual([3, 4]);
    scene.answer(3);
    scene.answer(4);
    scene.server(completed(OTHER, OTHER_TURN, 'interrupted'));
    scene.relay.closeServer();
    scene.client({ id: 5, method: 'model/list' });
    scene.forget();
    await scene.handOff();
    expect(
      scene
        .got()
        .slice(-3)
        .map(({ id }) => id),
    ).toEqual([1, 2, 5]);
    expect(scene.lines()).toEqual([]);
  });

  it('and goes on after all gets what has waited', () => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    scene.relay.serverEnds();
    scene.client({ id: 1, method: 'command/exec' });
    scene.relay.deliverHeld();
    expect(scene.got('command/exec')).toHaveLength(1);
    scene.client({ id: 2, method: 'command/exec' });
    expect(scene.got('command/exec')).toHaveLength(2);
  });
});

test('a turn that is announced before the answer to its request has the parameters of the request', async () => {
  const scene = openScene();
  scene.begin(THREAD, null);
  scene.client({
    id: 1,
    method: 'turn/start',
    params: { threadId: THREAD, model: 'm', input: [] },
  });
  scene.server(started(), ...failure());
  scene.answer(1, { turn: { id: TURN, status: 'inProgress' } });
  expect(scene.relay.failed()).toHaveLength(1);
  await scene.handOff();
  expect(scene.got('turn/start')[0]?.params.model).toBe('m');
});

test('a turn that is refused leaves nothing behind for the next one', async () => {
  const scene = openScene();
  scene.begin(THREAD, null);
  scene.client({
    id: 1,
    method: 'turn/start',
    params: { threadId: THREAD, model: 'm', input: [] },
  });
  expect(scene.relay.hasRunningTurn()).toBe(true);
  scene.refuse(1);
  expect(scene.relay.hasRunningTurn()).toBe(false);
  scene.server(started(), ...failure());
  await scene.handOff();
  expect(scene.got('turn/start')[0]?.params).toEqual({ threadId: THREAD, input: [] });
});

describe('bad input', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
    'the method “%s” is none that we know',
    (method) => {
      const scene = openScene();
      scene.begin();
      scene.forget();
      const question = { method, id: 1, params: { threadId: THREAD } };
      scene.client(question);
      scene.answer(1);
      scene.server({ method, params: {} }, { method, params: [] }, question);
      expect(scene.got().at(-1)).toEqual(question);
      expect(scene.lines()).toHaveLength(4);
    },
  );

  it.each([
    '\n',
    'null\n',
    '[]\n',
    '7\n',
    '{}\n',
    '{"id":null}\n',
    '\u0000\n',
    '[{"id":1,"method":"turn/start"}]\n',
  ])('the line %j passes, both ways, byte for byte', (line) => {
    const scene = openScene();
    const sent: string[] = [];
    scene.begin();
    scene.server(...failure());
    scene.forget();
    scene.server(line);
    expect(`${scene.lines().join('\n')}\n`).toBe(line);
    scene.client(line);
    expect(sent).toEqual([]);
    expect(scene.got()).not.toEqual([]);
  });
});

describe('a line of more than 64 MB', () => {
  const MEGABYTE = 1024 * 1024;
  const piece = 'x'.repeat(MEGABYTE);

  it('passes in pieces, and no line of ours gets into it', () => {
    const scene = openScene();
    scene.forget();
    scene.server('{"method":"item/completed","params":{"a":"');
    for (let count = 0; count < 66; count += 1) scene.server(piece);
    scene.relay.warn('between');
    scene.server('"}}\n', delta());
    expect(scene.lines().map((line) => line.length)).toEqual([
      ...[42 + 66 * MEGABYTE + 3, expect.any(Number), expect.any(Number)],
    ]);
    expect(scene.messages()[1]?.params.message).toBe('between');
  });

  it('of a server that ends in it ends there, and the lines after it are whole', async () => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    scene.client({ id: 1, method: 'command/exec' });
    scene.forget();
    scene.server('{"method":"item/completed","params":{"a":"');
    for (let count = 0; count < 66; count += 1) scene.server(piece);
    await scene.handOff();
    expect(scene.lines()).toHaveLength(2);
    expect(JSON.parse(scene.lines()[1] ?? '')).toMatchObject({ id: 1, error: { code: -32001 } });
  });

  it('of a client has its refusal, and the successor gets nothing of it', async () => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    scene.client('{"id":7,"method":"turn/start","params":{"a":"');
    for (let count = 0; count < 66; count += 1) scene.client(piece);
    scene.forget();
    await scene.handOff();
    scene.client('"}}\n', rename(8, OTHER));
    expect(scene.answersTo(7)).toMatchObject([{ error: { code: -32001 } }]);
    expect(scene.got().at(-1)).toEqual(rename(8, OTHER));
    expect(JSON.stringify(scene.got())).not.toContain('xxx');
  });
});

test.each([
  ['half a line', '{"method":"item/agentMessage/del', 0],
  ['a line without its end', JSON.stringify(delta()), 1],
])('a server ends with %s: the client gets whole lines only', async (_, text, lines) => {
  const scene = openScene();
  scene.begin();
  scene.client({ id: 1, method: 'command/exec' });
  scene.forget();
  scene.server(text);
  await scene.handOff();
  expect(scene.messages()).toHaveLength(lines + 1);
});
