import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { openSession, type ServerScene, startScripted, THREAD } from './app-server-scene.ts';

vi.mock('../../../../src/session/app-server/server-child.ts', () => ({
  startServerChild: (...args: Parameters<typeof startScripted>) => startScripted(...args),
  LAST_BYTES_MS: 200,
}));

// The session of an app-server, with a client and servers of lines in this process.

type Session = ReturnType<typeof openSession>;
const open: Session[] = [];
const begin = async (scene: ServerScene): Promise<Session> => {
  const session = openSession(scene);
  open.push(session);
  await session.begin();
  return session;
};

afterEach(async () => {
  for (const session of open.splice(0)) {
    session.readOn();
    session.input.end();
    for (const server of session.started) server.signal('SIGKILL');
    await session.ending;
  }
});

const HANDOFF: ServerScene = { servers: [{ turnsLeft: 0 }, {}], next: ['acc2'] };
const ends = (session: Session) =>
  session.told('turn/completed').map(({ params }) => params.turn.status);
const never = () => new Promise<never>(() => undefined);
/** A step of the core that does not come to an end, and what is done first when it begins. */
const stuck = (scene: ServerScene, at: string): ServerScene => ({
  ...scene,
  when: () => undefined,
  ...(at === 'prepare' && { prepare: never }),
});

describe('a turn at the limit', () => {
  it('goes on at the next server, and the client sees one turn', async () => {
    const session = await begin(HANDOFF);
    session.startTurn();
    await session.waitFor(() => ends(session).length === 1);
    expect(ends(session)).toEqual(['completed']);
    expect(session.did).toContain('repoint acc2');
    expect(session.told('error')).toEqual([]);
    expect(session.told('warning')).toHaveLength(1);
    session.input.end();
    await session.ending;
    expect(session.ended.ending).toEqual({ kind: 'exited', code: 0 });
  });

  it('fails as with Codex alone when nobody is left, and the server goes on', async () => {
    const session = await begin({ servers: [{ turnsLeft: 0 }], next: [] });
    session.startTurn(3);
    session.startTurn(4);
    await session.waitFor(() => ends(session).length === 2);
    expect(ends(session)).toEqual(['failed', 'failed']);
    expect(session.started).toHaveLength(1);
  });

  it('waits for a reset when the user wants that, and ends when the wait is given up', async () => {
    const wait = { slackSeconds: 0, askLimits: async () => undefined };
    const session = await begin({
      ...{ servers: [{ turnsLeft: 0 }], next: [], wait: wait as never },
      earliest: { target: 'acc1', until: Math.floor(Date.now() / 1000) + 3600 },
    });
    session.startTurn(3);
    await session.waitFor(() => session.did.some((what) => what.startsWith('settle')));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(ends(session)).toEqual([]);
    const { result } = session.answerTo(3) ?? {};
    session.send({
      id: 9,
      method: 'turn/interrupt',
      params: { threadId: THREAD, turnId: result.turn.id },
    });
    await session.waitFor(() => ends(session).length === 1);
    expect(ends(session)).toEqual(['interrupted']);
    expect(session.answerTo(9)?.result).toEqual({});
  });
});

describe('a server that is to end', () => {
  it('while another turn runs: after two seconds it is killed, and both turns go on', async () => {
    const session = await begin({ servers: [{ turnsLeft: 1, isSlow: true }, {}], next: ['acc2'] });
    session.startTurn(3);
    session.send({
      id: 5,
      method: 'thread/resume',
      params: { threadId: THREAD.replace('019a', '019b') },
    });
    session.send({
      id: 6,
      method: 'turn/start',
      params: { threadId: THREAD.replace('019a', '019b'), input: [] },
    });
    await session.waitFor(() => ends(session).length === 2);
    expect(session.started[0]?.signals).toEqual(['SIGKILL']);
    expect(ends(session)).toEqual(['completed', 'completed']);
  });

  it('and does not end with its input is killed', async () => {
    const session = await begin({
      servers: [{ turnsLeft: 0, isStubborn: true }, {}],
      next: ['acc2'],
    });
    session.startTurn();
    await session.waitFor(() => ends(session).length === 1);
    expect(session.started[0]?.signals).toEqual(['SIGKILL']);
  });
});

/** The states of a session, each with a way to stay in it, and the turn that is still open for the client. */
const STATES: [state: string, scene: ServerScene, isThere: (session: Session) => boolean][] = [
  ['at rest', { servers: [{}] }, () => true],
  ['in a turn', { servers: [{ isSlow: true }] }, (session) => session.answerTo(3) !== undefined],
  [
    'stopping',
    { servers: [{ turnsLeft: 0, isStubborn: true }, {}], next: ['acc2'] },
    (session) =>
      session.did.includes('settle acc1: unknown') || session.server().input.writableEnded,
  ],
  ['moving', stuck(HANDOFF, 'prepare'), (session) => session.did.includes('prepare acc2')],
  [
    'opening a successor',
    { servers: [{ turnsLeft: 0 }, { isDeaf: true }], next: ['acc2'] },
    (session) => session.started.length === 2 && session.server().got.length > 0,
  ],
  [
    'at work after a handoff',
    { servers: [{ turnsLeft: 0 }, { isSlow: true }], next: ['acc2'] },
    (session) =>
      session.started.length === 2 &&
      session.server().got.some(({ method }) => method === 'turn/start'),
  ],
];

async function reach(scene: ServerScene, isThere: (session: Session) => boolean, state: string) {
  const session = await begin(scene);
  if (state !== 'at rest') session.startTurn();
  await session.waitFor(() => isThere(session));
  return session;
}

describe.each(STATES)('%s', (state, scene, isThere) => {
  it('the client closes its side: the server ends, and so does the session', async () => {
    const session = await reach(scene, isThere, state);
    session.input.end();
    if (state === 'moving') process.emit('SIGTERM', 'SIGTERM');
    await session.ending;
    expect(session.ended.error).toBeUndefined();
    expect(session.started.some(({ isLiving }) => isLiving)).toBe(false);
  });

  it('a signal: the server gets it, and the session ends by it', async () => {
    const session = await reach(scene, isThere, state);
    process.emit('SIGTERM', 'SIGTERM');
    if (state === 'stopping') session.server().signal('SIGKILL');
    await session.ending;
    expect(session.ended.ending).toMatchObject({ kind: 'signalled' });
    expect(session.started.some(({ isLiving }) => isLiving)).toBe(false);
  });

  it('a signal, and the client reads nothing: the session ends all the same', async () => {
    const session = await reach(scene, isThere, state);
    session.stopReading();
    for (let count = 0; count < 100 && session.server().isLiving; count += 1) {
      session.server().tell({ method: 'x', params: { text: 'x'.repeat(10_000) } });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.emit('SIGTERM', 'SIGTERM');
    if (state === 'stopping') session.server().signal('SIGKILL');
    await session.ending;
    expect(session.ended.ending).toMatchObject({ kind: 'signalled' });
  });

  it('the server ends by itself: the session ends as it did, or goes on as planned, and no turn is left open', async () => {
    const session = await reach(scene, isThere, state);
    session.server().end({ kind: 'exited', code: 7 });
    const goesOn = state === 'stopping' || state === 'moving';
    if (state === 'moving') process.emit('SIGTERM', 'SIGTERM');
    if (!goesOn) {
      await session.ending;
      expect(session.ended.ending).toEqual({ kind: 'exited', code: 7 });
    }
    if (state === 'stopping') await session.waitFor(() => ends(session).length === 1);
    if (state === 'opening a successor') expect(ends(session)).toEqual(['failed']);
    if (state === 'stopping') expect(ends(session)).toEqual(['completed']);
  });

  it('an error of ours: the server that runs is the last one, its lines pass, and the failed turn has its end', async () => {
    const session = await reach(scene, isThere, state);
    process.emit('uncaughtException', new Error('a bug'));
    const hasServer = state !== 'moving' && state !== 'stopping';
    if (hasServer) {
      session.server().tell({ method: 'later', params: {} });
      await session.waitFor(() => session.told('later').length === 1);
      session.server().end({ kind: 'exited', code: 7 });
    }
    await session.ending;
    if (hasServer) expect(session.ended.ending).toEqual({ kind: 'exited', code: 7 });
    if (state === 'moving' || state === 'stopping') expect(ends(session)).toEqual(['failed']);
    expect(session.did.filter((what) => what.startsWith('say')).join()).toContain('a bug');
  });
});

test('after an error of ours a limit is shown at once', async () => {
  const session = await begin({ servers: [{ turnsLeft: 0 }], next: ['acc2'] });
  process.emit('uncaughtException', new Error('a bug'));
  session.startTurn();
  await session.waitFor(() => ends(session).length === 1);
  expect(ends(session)).toEqual(['failed']);
});

test('a server that cannot be started: the first one is an error, a later one ends the session with the held lines', async () => {
  const first = openSession({ servers: [{ missing: true }] });
  await first.ending;
  expect(first.ended.error).toMatchObject({ name: 'NotStartedError' });
  const session = await begin({ servers: [{ turnsLeft: 0 }, { missing: true }], next: ['acc2'] });
  session.startTurn();
  await session.ending;
  expect(ends(session)).toEqual(['failed']);
});
