import { describe, expect, it, test } from 'vitest';
import { createIdMap } from '../../../src/relay/id-map.ts';
import { joinContinuedTurns } from '../../../src/relay/turn-lists.ts';
import { failure, LIMIT, openScene, THREAD, TURN, thread, uuid } from './relay-scene.ts';

const [A, B, C, X] = [uuid(1, 2), uuid(2, 2), uuid(3, 2), uuid(4, 2)] as [
  string,
  string,
  string,
  string,
];
const turn = (id: string, status = 'failed', error: unknown = LIMIT) => ({
  ...{ id, items: [`item of ${id}`], status, error, startedAt: Number(id.slice(4, 8)) },
});
const done = (id: string) => turn(id, 'completed', null);

/** A turn that went on twice. */
function chain() {
  const ids = createIdMap();
  ids.link(B, A);
  ids.link(C, B);
  return ids;
}

function join(data: readonly unknown[]): unknown {
  const message = { id: 1, result: { data } };
  joinContinuedTurns(message, chain());
  return message.result.data;
}

const items = (...ids: string[]) => ids.map((id) => `item of ${id}`);
const joined = (id: string, ...parts: string[]) => ({
  ...done(id),
  items: items(...parts),
  startedAt: Number(parts[0]?.slice(4, 8)),
});

describe('a turn that went on is one turn in a list', () => {
  test.each([
    ['upwards', [turn(A), turn(B), done(C), done(X)], [joined(C, A, B, C), done(X)]],
    ['downwards', [done(X), done(C), turn(B), turn(A)], [done(X), joined(C, A, B, C)]],
    ['two parts only', [turn(B), done(C)], [joined(C, B, C)]],
    ['nothing of it', [done(X)], [done(X)]],
    ['no turns', [1, null, { id: 5 }], [1, null, { id: 5 }]],
    ['empty', [], []],
  ])('%s', (_, list, shown) => {
    expect(join(list)).toEqual(shown);
  });

  test.each([
    ['the first part', [done(X), turn(A)], A],
    ['a middle part', [turn(B)], B],
    ['two parts, but not the last', [turn(A), turn(B)], B],
  ])('a page that has only %s shows no failure: the turn went on', (_, list, id) => {
    expect(join(list)).toContainEqual(
      expect.objectContaining({ id, status: 'completed', error: null }),
    );
    expect(JSON.stringify(join(list))).not.toContain(LIMIT.codexErrorInfo);
  });

  it('a page that has only the last part is as the server has it', () => {
    expect(join([done(C), done(X)])).toEqual([done(C), done(X)]);
    expect(join([turn(C), done(X)])).toEqual([turn(C), done(X)]);
  });
});

test.each(['thread/read', 'thread/resume', 'thread/fork', 'thread/turns/list'])(
  'the answer to %s',
  async (method) => {
    const scene = openScene();
    scene.begin();
    scene.server(...failure());
    await scene.handOff();
    scene.forget();
    const second = uuid(101, 2);
    const turns = [turn(TURN), done(second)];
    scene.client({ id: 1, method, params: { threadId: THREAD } });
    const page =
      method === 'thread/turns/list'
        ? { data: turns }
        : { thread: thread(THREAD, { turns }), initialTurnsPage: { data: turns } };
    scene.answer(1, page);
    const { result } = scene.messages()[0] ?? {};
    for (const list of [result.data, result.thread?.turns, result.initialTurnsPage?.data]) {
      if (list === undefined) continue;
      expect(list).toMatchObject([
        {
          id: TURN,
          items: items(TURN, second).map((item) => item.replace(second, TURN)),
          status: 'completed',
        },
      ]);
    }
    expect(scene.lines().join()).not.toContain(second);
  },
);
