import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { goal, THREAD } from './scripted-child.ts';
import { openSession, rotate, type ScriptedSession } from './scripted-session.ts';

// The next account may not read what another account's model thought: the conversation goes on in a copy.

const REFUSAL = { message: 'invalid_encrypted_content', codex_error_info: 'other' };

/** acc1 has reached its limit, and a turn of acc2 has been refused. */
async function openRefused(options: Parameters<typeof openSession>[0] = {}) {
  const session = openSession(options);
  await session.openWorking();
  const successor = await rotate(session);
  successor.draw();
  successor.openThread();
  successor.beginTurn('turn-2');
  await session.advance(1000);
  return { session, successor, refuse: () => successor.fail('turn-2', REFUSAL, {}) };
}

/** The id of the copy that the last child was started on. */
const copyIn = ({ children }: ScriptedSession) => children.at(-1)?.plan.args[1] as string;

it('a copy goes on under the same account, and the original stays as it is', async () => {
  const { session, successor, refuse } = await openRefused();
  const [rollout] = successor.rollouts() as [string];
  refuse();
  const original = readFileSync(rollout);
  const third = await session.child(3);
  const copy = copyIn(session);
  expect(copy).not.toBe(THREAD);
  expect(third.plan.args).toEqual(['resume', copy, 'continue']);
  expect(readFileSync(rollout)).toEqual(original);
  expect(readdirSync(dirname(rollout))).toHaveLength(2);
  third.draw();
  third.openThread(copy);
  third.beginTurn('turn-3');
  await session.until(() => session.threads.length === 3, 'the copy');

  expect(session.trace.slice(-3)).toEqual([
    ...[`start resume ${THREAD} continue`, 'SIGTERM', `start resume ${copy} continue`],
  ]);
  expect(session.threads).toEqual([THREAD, THREAD, `${copy} of ${THREAD}`]);
  expect(session.eventsOf('copied')).toEqual([
    { type: 'copied', target: 'acc2', from: THREAD, to: copy },
  ]);
  expect(session.terminal.text()).toContain(
    `\r\n\u001b[Jcodex-hotswap: acc2 may not read the reasoning of another account's model; going on in a copy of the thread, ${copy}\r\n`,
  );
});

it('a goal belongs to the original: nothing takes it up in the copy', async () => {
  const session = openSession();
  const child = await session.openWorking();
  child.record(goal());
  child.fail('turn-1', REFUSAL, {});
  const successor = await session.child(2);
  successor.draw();
  successor.openThread(copyIn(session));
  successor.beginTurn('turn-2');
  await session.advance(1000);
  successor.answer('turn-2');
  await session.advance(10_000);
  expect(successor.typed()).toBe('');
});

it('a copy that is refused, too, is left to the user', async () => {
  const { session, refuse } = await openRefused();
  refuse();
  const third = await session.child(3);
  const copy = copyIn(session);
  third.draw();
  third.openThread(copy);
  third.beginTurn('turn-3');
  await session.advance(1000);
  for (const turn of ['turn-3', 'turn-4']) {
    third.beginTurn(turn);
    third.fail(turn, REFUSAL, {});
    await session.advance(2000);
  }
  expect(third.received).toEqual([]);
  expect(session.eventsOf('copied')).toHaveLength(1);
  expect(session.eventsOf('unconfirmed')).toEqual([
    ...Array(2).fill({
      ...{ type: 'unconfirmed', source: 'record', thread: copy },
      reason: 'a copy is refused, too',
    }),
  ]);
  session.terminal.type('typed');
  expect(third.typed()).toBe('typed');
});

it('the account after that gets a copy of its own', async () => {
  const { session, refuse } = await openRefused();
  refuse();
  const third = await session.child(3);
  const first = copyIn(session);
  third.draw();
  third.openThread(first);
  third.beginTurn('turn-3');
  await session.advance(1000);
  const fourth = await rotate(session, 'turn-3');
  expect(fourth.plan.args).toEqual(['resume', first, 'continue']);
  fourth.draw();
  fourth.openThread(first);
  fourth.beginTurn('turn-4');
  await session.advance(1000);
  fourth.fail('turn-4', REFUSAL, {});
  await session.child(5);
  const chain = session.eventsOf('copied').map((event) => event.type === 'copied' && event.from);
  expect(chain).toEqual([THREAD, first]);
});

it('a thread that another session left behind is copied, too: no limit came before', async () => {
  const session = openSession();
  const child = await session.openWorking();
  child.fail('turn-1', REFUSAL, {});
  await session.child(2);
  expect(session.eventsOf('copied')).toMatchObject([{ target: 'acc1', from: THREAD }]);
  expect(session.eventsOf('rotated')).toEqual([]);
});

it('keys typed meanwhile reach the child that goes on in the copy', async () => {
  const { session, successor, refuse } = await openRefused();
  successor.isDeaf = true;
  refuse();
  await session.until(() => successor.received.length > 0, 'SIGTERM');
  session.terminal.type('held');
  const third = await session.child(3);
  expect(successor.received).toEqual(['SIGTERM', 'SIGKILL']);
  third.draw();
  third.openThread(copyIn(session));
  third.beginTurn('turn-3');
  await session.advance(1000);
  expect(third.typed()).toBe('held');
});

it.each(['the file system refuses it', 'the overlay cannot be made ready'])(
  'a copy that cannot be made leaves the user with the original: %s',
  async (why) => {
    const isOverlay = why.startsWith('the overlay');
    const { session, successor, refuse } = await openRefused(
      isOverlay
        ? {
            async resumePlan({ id }, prompt = 'continue') {
              if (id !== THREAD) throw new Error('broken');
              return { file: 'codex', args: ['resume', id, prompt], cwd: '/', env: {} };
            },
          }
        : {},
    );
    const [rollout] = successor.rollouts() as [string];
    successor.isDeaf = true;
    refuse();
    await session.until(() => successor.received.length > 0, 'SIGTERM');
    if (!isOverlay) {
      rmSync(rollout);
      mkdirSync(rollout);
    }
    expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
    expect(session.eventsOf('notice')).toMatchObject([
      { message: expect.stringContaining('could not copy the thread: ') },
    ]);
    expect(session.told).toEqual([expect.stringContaining('to continue, run: codex resume ')]);
    expect(session.trace.at(-1)).toBe('terminal restored');
  },
);

it.each([
  ['a signal', 'SIGTERM'],
  ['a closed terminal', 'SIGHUP'],
] as const)('%s while the child is being ended makes no copy', async (_, signal) => {
  const { session, successor, refuse } = await openRefused();
  successor.isDeaf = true;
  refuse();
  await session.until(() => successor.received.length > 0, 'SIGTERM');
  if (signal === 'SIGHUP') session.terminal.hangUp();
  else session.signal(signal, 15);
  successor.end({ kind: 'signalled', signal, number: 15 });
  expect(await session.ended()).toMatchObject({ kind: 'signalled', signal });
  expect(session.eventsOf('copied')).toEqual([]);
  expect(session.children).toHaveLength(2);
});

it.each([
  ['a signal', 'SIGTERM'],
  ['a closed terminal', 'SIGHUP'],
])('%s while the copy is made ends the session', async (_, signal) => {
  const { session, refuse } = await openRefused({
    resumePlan: async ({ id }, prompt = 'continue') =>
      id === THREAD
        ? { file: 'codex', args: ['resume', id, prompt], cwd: '/', env: {} }
        : new Promise(() => undefined),
  });
  refuse();
  const [, successor] = session.children;
  await session.until(() => successor?.isLiving === false, 'its end');
  if (signal === 'SIGHUP') session.terminal.hangUp();
  else session.signal('SIGTERM', 15);
  expect(await session.ended()).toMatchObject({ kind: 'signalled', signal });
  expect(session.told).toEqual([expect.stringContaining(`codex resume ${THREAD}`)]);
  expect(session.children).toHaveLength(2);
});

it('no copy goes on under an account that Codex would log out by now', async () => {
  const assertFits = () => Promise.reject(new Error('it forces another login'));
  const { session, refuse } = await openRefused({ handoffAccounts: { assertAllowed: assertFits } });
  refuse();
  expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
  expect(session.children).toHaveLength(2);
});
