import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  completed,
  delta,
  failure,
  OTHER,
  OTHER_TURN,
  openScene,
  status,
  THREAD,
  type Told,
  TURN,
  uuid,
} from './relay-scene.ts';

// Every order of what the client sends, what the servers tell, and what the session does, with one handoff.

const SECOND = uuid(101, 2);
const CONTINUED = uuid(102, 2);
const METHODS = ['thread/name/set', 'thread/read', 'model/list', 'command/exec', 'turn/steer'];

type Step =
  | { do: 'ask'; method: string; threadId: string }
  | { do: 'answer' | 'refuse' }
  | { do: 'tell'; threadId: string }
  | { do: 'name'; threadId: string };

const thread = fc.constantFrom(THREAD, OTHER);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    method: fc.constantFrom(...METHODS),
    threadId: thread,
  }),
  fc.record({ do: fc.constantFrom('answer' as const, 'refuse' as const) }),
  fc.record({ do: fc.constant('tell' as const), threadId: thread }),
  fc.record({ do: fc.constant('name' as const), threadId: thread }),
);
const steps = fc.array(step, { maxLength: 8 });
const parts = fc.record({
  ...{ before: steps, held: steps, ending: steps, between: steps, opening: steps, after: steps },
  /** Where the failure is cut into chunks, and whether the other thread works. */
  isCut: fc.boolean(),
  works: fc.boolean(),
  succeeds: fc.boolean(),
});

/** @param works whether a turn of the other thread is cut off. */
function play(works: boolean) {
  const scene = openScene();
  const told: object[] = [];
  let asked = 0;
  let names = 0;
  let answered = new Set<unknown>();

  const open = () =>
    scene
      .got()
      .filter(
        ({ id, method }) => typeof id === 'number' && method !== undefined && !answered.has(id),
      );

  function act(step: Step, phase: string): void {
    const [next] = open();
    switch (step.do) {
      case 'ask': {
        const params = { threadId: step.threadId, expectedTurnId: TURN };
        asked += 1;
        return scene.client({ id: asked, method: step.method, params });
      }
      case 'answer':
      case 'refuse':
        if (next?.id === undefined || phase === 'between') return;
        answered.add(next.id);
        return step.do === 'answer' ? scene.answer(next.id, { by: phase }) : scene.refuse(next.id);
      case 'tell': {
        if (phase === 'between') return;
        const isOther = step.threadId === OTHER;
        const first = isOther ? OTHER_TURN : TURN;
        const later = isOther ? CONTINUED : SECOND;
        const text = String(told.length);
        told.push(delta(step.threadId, first, text));
        const now = phase === 'after' && !(isOther && !works) ? later : first;
        return scene.server(delta(step.threadId, now, text));
      }
      case 'name': {
        if (phase === 'between') return;
        names += 1;
        const name = {
          method: 'thread/name/updated',
          params: { threadId: step.threadId, name: names },
        };
        told.push(name);
        return scene.server(name);
      }
    }
  }

  return {
    ...{ scene, told, act },
    asked: () => asked,
    /** A new server has answered nothing. */
    renew: () => {
      answered = new Set();
    },
    answerAll() {
      for (const { id } of open()) if (id !== undefined) scene.answer(id, { by: 'end' });
    },
  };
}

const ofThread = (messages: readonly object[], threadId: string) =>
  (messages as Told[]).filter(
    ({ method, params }) => params?.threadId === threadId && /delta|name/.test(method ?? ''),
  );

describe('whatever the order', () => {
  test('the client sees each request answered once, one turn, no limit that was passed, and every other line in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        parts,
        async ({ before, held, ending, between, opening, after, isCut, works, succeeds }) => {
          const { scene, told, act, asked, renew, answerAll } = play(works);
          scene.begin();
          scene.begin(OTHER, OTHER_TURN);
          if (!works) scene.server(completed(OTHER, OTHER_TURN));
          scene.forget();
          const run = (list: Step[], phase: string) => {
            for (const one of list) act(one, phase);
          };
          run(before, 'before');
          if (isCut) for (const line of failure()) scene.server(line);
          else scene.server(...failure());
          run(held, 'held');
          if (!succeeds) {
            scene.relay.deliverHeld();
            run(
              after.filter((one) => one.do === 'ask'),
              'held',
            );
          } else {
            scene.relay.serverEnds();
            run(ending, 'ending');
            scene.relay.closeServer();
            run(between, 'between');
            scene.nextServer();
            renew();
            run(between, 'between');
            const opened = scene.open();
            run(opening, 'between');
            await scene.settle();
            await opened;
            run(after, 'after');
            scene.server(completed(THREAD, SECOND));
            if (works) scene.server(completed(OTHER, CONTINUED));
          }
          answerAll();

          const messages = scene.messages();
          for (let id = 1; id <= asked(); id += 1) expect(scene.answersTo(id)).toHaveLength(1);
          expect(ofThread(messages, OTHER)).toEqual(ofThread(told, OTHER));
          expect(ofThread(messages, THREAD)).toEqual(ofThread(told, THREAD));
          const lines = scene.lines().join('\n');
          expect(lines).not.toContain(SECOND);
          expect(lines).not.toContain(CONTINUED);
          const ends = scene
            .told('turn/completed')
            .filter(({ params }) => params.threadId === THREAD);
          expect(ends).toEqual(succeeds ? [completed()] : failure().slice(-1));
          expect(lines.includes('usageLimitExceeded')).toBe(!succeeds);
          if (!succeeds) {
            const bare = failure() as Told[];
            const kinds = bare.map(({ method }) => method);
            expect(messages.filter(({ method }) => kinds.includes(method))).toEqual(bare);
          } else {
            expect(scene.told('thread/status/changed')).toEqual([]);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('the same bytes in other chunks give the same lines', async () => {
    const bytes = Buffer.from(
      [...failure(), delta(OTHER, OTHER_TURN), status(OTHER, 'idle'), completed(OTHER, OTHER_TURN)]
        .map((message) => `${JSON.stringify(message)}\n`)
        .join(''),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: bytes.length }), { maxLength: 9 }),
        async (places) => {
          const scene = openScene();
          scene.begin();
          scene.begin(OTHER, OTHER_TURN);
          scene.forget();
          const at = [0, ...places.sort((a, b) => a - b), bytes.length];
          for (const [index, from] of at.slice(0, -1).entries()) {
            scene.relay.fromServer(bytes.subarray(from, at[index + 1]));
          }
          expect(scene.messages()).toEqual([
            ...[delta(OTHER, OTHER_TURN), status(OTHER, 'idle'), completed(OTHER, OTHER_TURN)],
          ]);
          await scene.handOff();
          expect(scene.messages()).toHaveLength(3);
        },
      ),
      { numRuns: 200 },
    );
  });
});
