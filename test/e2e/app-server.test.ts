import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { readRegistry } from '../lab/launches.ts';
import { readRollouts } from '../lab/rollouts.ts';
import type { ServerClient } from '../lab/server-client.ts';
import { createServerLab, type ServerScene } from '../lab/server-lab.ts';

// A program that drives `codex app-server` gets past a limit and sees one server, on the real Codex. Bare Codex ends the turn
// with `error` and `turn/completed` (`usageLimitExceeded`), and goes on asking the same account.

const { open, close } = createServerLab();
afterEach(close);

const nowSeconds = () => Math.floor(Date.now() / 1000);
/** 0.130 begins no turn without a prompt (fact 133). */
const prompt = codexUnderTest.isAtLeast('0.150.0') ? [] : ['continue'];
const text = (words: string) => [{ type: 'text' as const, text: words }];

/** A promise, and what resolves it. */
function gate(): { opened: Promise<void>; release(): void } {
  let release = () => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, release: () => release() };
}

/** A client with one thread that acc1 has answered once. */
async function begin(scene: ServerScene): Promise<{ client: ServerClient; thread: string }> {
  const client = scene.connect();
  await client.initialize();
  const thread = await client.startThread();
  expect(await client.runTurn(thread, 'one')).toMatchObject({ status: 'completed' });
  return { client, thread };
}

const answersOf = (client: ServerClient, thread: string) =>
  client.received
    .filter(({ method, params }) => method === 'item/completed' && params.threadId === thread)
    .flatMap(({ params: { item } }) => (item.type === 'agentMessage' ? [item.text] : []));

describe('a client whose account reaches its limit', () => {
  it('gets its turn done under the next, by the id that it knows, and sees no error', async () => {
    const resetsAt = nowSeconds() + 7200;
    const scene = await open([{ name: 'acc1', turnsLeft: 1, resetsAt }, { name: 'acc2' }]);
    const { backend, hotswap } = scene;
    const { client, thread } = await begin(scene);
    const { turn } = await client.request('turn/start', { threadId: thread, input: text('two') });
    const done = await client.waitForTurn(thread, 2);
    expect(done).toMatchObject({ id: turn.id, status: 'completed', error: null });
    expect(answersOf(client, thread)).toEqual(['answer 1 from acc1', 'answer 1 from acc2']);
    expect(client.methods()).not.toContain('error');
    // The account of now, and its figures.
    const told = (method: string) => client.received.filter((message) => message.method === method);
    expect(told('warning').map(({ params }) => params.message)).toEqual([
      expect.stringMatching(/acc1: its 5-hour limit .*; going on under acc2/),
    ]);
    const { params: account } = await client.waitFor(({ method }) => method === 'account/updated');
    expect(account).toMatchObject({ authMode: 'chatgpt' });
    // One turn for the client: it begins once, and ends once.
    const about = client.received.filter(({ params }) => params?.turn?.id === turn.id);
    expect(about.map(({ method }) => method)).toEqual(['turn/started', 'turn/completed']);
    // The history once, with nothing added.
    expect(backend.turns('acc2').map((request) => request.turn?.userTexts)).toEqual([
      ['one', 'two', ...prompt],
    ]);
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h', until: resetsAt }]);
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc2', thread }]);
    expect(hotswap.eventsOf('client')).toMatchObject([{ name: 'lab-client 1.2' }]);
    expect(client.stderr()).toMatch(
      /^codex-hotswap: acc1: its 5-hour limit .*; going on under acc2/m,
    );

    // And goes on: turns, lists and reads are those of one server.
    expect(await client.runTurn(thread, 'three')).toMatchObject({ status: 'completed' });
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual([
      ...['one', 'two', ...prompt, 'three'],
    ]);
    const read = await client.request('thread/read', { threadId: thread, includeTurns: true });
    expect(read.thread.turns.map(({ status }) => status)).toEqual(
      Array.from({ length: 3 }, () => 'completed'),
    );
    expect(read.thread.turns[1]?.id).toBe(turn.id);
    expect((await client.request('account/read', {})).account?.email).toBe('acc2@example.com');
    expect(readRegistry(hotswap.sandbox)).toMatchObject([
      {
        ...{ mode: 'app-server', client: 'lab-client 1.2', thread },
        segments: [
          { target: 'acc1', thread },
          { target: 'acc2', thread },
        ],
      },
    ]);
    expect(await hotswap.command('sessions')).toMatch(/^\* acc1 → acc2 {2}app-server: lab-client/m);
    expect(await client.close()).toEqual({ status: 0, signal: null });
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(1);
  });

  it('through several accounts in one turn', async () => {
    const scene = await open([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2', turnsLeft: 0 },
      { name: 'acc3' },
    ]);
    const { client, thread } = await begin(scene);
    expect(await client.runTurn(thread, 'two')).toMatchObject({ status: 'completed' });
    expect(scene.backend.turns('acc3')[0]?.turn?.userTexts).toEqual([
      ...['one', 'two', ...prompt, ...prompt],
    ]);
    expect(client.methods()).not.toContain('error');
  });

  it('after a tool call: what the model has done stays done', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 5 }, { name: 'acc2' }]);
    const { client } = await begin(scene);
    const thread = await client.startThread({
      approvalPolicy: 'never',
      sandbox: 'danger-full-access',
    });
    scene.backend.enqueue(
      [
        { calls: [{ kind: 'shell', command: 'echo once >> done.txt' }] },
        { failure: 'usage-limit' },
      ],
      'acc1',
    );
    expect(await client.runTurn(thread, 'work')).toMatchObject({ status: 'completed' });
    expect(readFileSync(`${scene.hotswap.sandbox.work}/done.txt`, 'utf8')).toBe('once\n');
    expect(answersOf(client, thread)).toEqual(['answer 1 from acc2']);
  });

  it('gets the error as from Codex alone when every account is at its limit, and goes on after it', async () => {
    const scene = await open([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2', turnsLeft: 0 },
    ]);
    const { backend, hotswap } = scene;
    const { client, thread } = await begin(scene);
    const failed = await client.runTurn(thread, 'two');
    const bare = scene.connect({ bare: true });
    await bare.initialize();
    const alone = await bare.runTurn(await bare.startThread(), 'two');
    expect(alone).toMatchObject({ error: { codexErrorInfo: 'usageLimitExceeded' } });
    const withoutTimes = ({
      id: _,
      rootTurnId: _r,
      startedAt: _s,
      completedAt: _c,
      durationMs: _d,
      ...turn
    }: Record<string, unknown>) => turn;
    expect(withoutTimes(failed)).toEqual(withoutTimes(alone));
    expect(client.methods().filter((method) => method === 'error')).toHaveLength(1);
    expect(client.stderr()).toMatch(/every account is at its limit/);
    backend.account('acc1').turnsLeft = 5;
    await hotswap.command('reset', 'acc1');
    expect(client.process.exitCode).toBeNull();
  });

  it('in a thread that is not recorded: its first turn is begun again, a later one fails as with Codex alone', async () => {
    const scene = await open([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2', turnsLeft: 1 },
    ]);
    const { client } = await begin(scene);
    const ephemeral = await client.startThread({ ephemeral: true });
    expect(await client.runTurn(ephemeral, 'two')).toMatchObject({ status: 'completed' });
    expect(scene.backend.turns('acc2').map(({ turn }) => turn?.userTexts)).toEqual([['two']]);
    // The client has one prompt on its screen, and one answer.
    const items = client.received.flatMap(({ method, params }) =>
      method === 'item/completed' && params.threadId === ephemeral ? params.item.type : [],
    );
    expect(items.filter((type) => type !== 'reasoning')).toEqual(['userMessage', 'agentMessage']);
    scene.backend.account('acc1').turnsLeft = 5;
    await scene.hotswap.command('reset', 'acc1');
    expect(await client.runTurn(ephemeral, 'three')).toMatchObject({ status: 'failed' });
    expect(await client.runTurn(await client.startThread(), 'four')).toMatchObject({
      status: 'completed',
    });
    expect(scene.backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual(['four']);
  });

  it('in a copy where the next may not read the thread, under the id that the client knows', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }], {
      backend: { foreignReasoning: 'refuse' },
    });
    const { client, thread } = await begin(scene);
    const done = await client.runTurn(thread, 'two');
    expect(done).toMatchObject({ status: 'completed' });
    expect(answersOf(client, thread)).toEqual(['answer 1 from acc1', 'answer 1 from acc2']);
    expect(await client.runTurn(thread, 'three')).toMatchObject({ status: 'completed' });
    expect(client.methods()).not.toContain('error');
  });
});

describe('a thread of 50 MB', () => {
  it('goes on under the next account, and the client can read it', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    await client.close();
    const [rollout] = readRollouts(scene.hotswap.sandbox.codexHome);
    growRollout(rollout?.file as string, 50_000_000);
    const later = scene.connect();
    await later.initialize();
    await later.request('thread/resume', { threadId: thread });
    expect(await later.runTurn(thread, 'two')).toMatchObject({ status: 'completed' });
    expect(later.methods()).not.toContain('error');
    const read = await later.request('thread/read', { threadId: thread, includeTurns: true });
    expect(read.thread.turns.at(-1)).toMatchObject({ status: 'completed' });
  }, 120_000);
});

describe('several threads of one client', () => {
  it('one at the limit, one at work: both go on under the next', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 2 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    const other = await client.startThread();
    const { opened, release } = gate();
    scene.backend.enqueue([{ text: ['half ', 'done'], until: opened }], 'acc1');
    await client.request('turn/start', { threadId: other, input: text('slow') });
    await client.waitFor(
      ({ method, params }) => method === 'item/agentMessage/delta' && params.threadId === other,
    );
    await client.request('turn/start', { threadId: thread, input: text('two') });
    await scene.hotswap.waitForEvent('confirmed');
    release();
    expect(await client.waitForTurn(other)).toMatchObject({ status: 'completed' });
    expect(answersOf(client, other)).toEqual(['half done']);
    expect(await client.waitForTurn(thread, 2)).toMatchObject({ status: 'completed' });
    expect(await client.runTurn(other, 'more')).toMatchObject({ status: 'completed' });
    expect(scene.backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual(['slow', 'more']);
    expect(readRegistry(scene.hotswap.sandbox)[0]?.segments).toMatchObject([
      { target: 'acc1', thread },
      { target: 'acc1', thread: other },
      { target: 'acc2', thread },
      { target: 'acc2', thread: other },
    ]);
    const sessions = await scene.hotswap.command('sessions', '--json');
    expect(JSON.parse(sessions).sessions[0].threads).toMatchObject([{ thread }, { thread: other }]);
  });

  it('all at the limit at once: each goes on, and one handoff is enough', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client } = await begin(scene);
    const threads = await Promise.all(Array.from({ length: 4 }, () => client.startThread()));
    const done = await Promise.all(threads.map((id) => client.runTurn(id, `for ${id}`)));
    expect(done.map(({ status }) => status)).toEqual(threads.map(() => 'completed'));
    const texts = scene.backend.turns('acc2').map(({ turn }) => turn?.userTexts);
    for (const id of threads) expect(texts.flat()).toContain(`for ${id}`);
    expect(client.methods()).not.toContain('error');
    expect(scene.hotswap.eventsOf('rotated')).toHaveLength(1);
  });

  it('one without a turn yet: the client goes on with it by the id that it knows', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    const empty = await client.startThread();
    expect(await client.runTurn(thread, 'two')).toMatchObject({ status: 'completed' });
    expect(await client.runTurn(empty, 'first')).toMatchObject({ status: 'completed' });
    expect(answersOf(client, empty)).toEqual(['answer 2 from acc2']);
    expect(client.methods()).not.toContain('thread/closed');
  });

  it('one waits for an approval: answered in time or not, its turn goes on', async () => {
    for (const isAnswered of [true, false]) {
      const scene = await open([{ name: 'acc1', turnsLeft: 2 }, { name: 'acc2' }]);
      const { client, thread } = await begin(scene);
      const other = await client.startThread({ approvalPolicy: 'untrusted', sandbox: 'read-only' });
      scene.backend.enqueue([{ calls: [{ kind: 'shell', command: 'touch asked' }] }], 'acc1');
      await client.request('turn/start', { threadId: other, input: text('ask me') });
      const asked = await client.waitFor(({ method }) =>
        Boolean(method?.endsWith('requestApproval')),
      );
      await client.request('turn/start', { threadId: thread, input: text('two') });
      await scene.hotswap.waitForEvent('confirmed');
      const answer = { id: asked.id, result: { decision: 'decline' } };
      if (isAnswered) client.write(`${JSON.stringify(answer)}\n`);
      expect(await client.waitForTurn(thread, 2)).toMatchObject({ status: 'completed' });
      const ended = await client.waitForTurn(other);
      // A turn that is cut off goes on, too: the model is asked again.
      expect(ended.status).toBe('completed');
      if (!isAnswered) {
        await client.waitFor(
          ({ method, params }) =>
            method === 'serverRequest/resolved' && params.requestId === asked.id,
        );
      }
      // An answer that comes too late harms nobody.
      if (!isAnswered) client.write(`${JSON.stringify(answer)}\n`);
      expect(await client.runTurn(other, 'again')).toMatchObject({ status: 'completed' });
      expect(client.methods()).not.toContain('error');
      await close();
    }
  });
});

describe('a client that acts while a handoff is under way', () => {
  it('interrupts the turn: it ends once, and the thread goes on', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    const { turn } = await client.request('turn/start', { threadId: thread, input: text('two') });
    await scene.hotswap.waitForEvent('suspected');
    await client.request('turn/interrupt', { threadId: thread, turnId: turn.id });
    const ended = await client.waitForTurn(thread, 2);
    expect(ended.id).toBe(turn.id);
    expect(['interrupted', 'completed']).toContain(ended.status);
    expect(await client.runTurn(thread, 'three')).toMatchObject({ status: 'completed' });
    const ends = client.received.filter(
      ({ method, params }) => method === 'turn/completed' && params.turn.id === turn.id,
    );
    expect(ends).toHaveLength(1);
  });

  it('interrupts while the session waits for a reset: the turn ends, and nobody waits', async () => {
    const scene = await open(
      [
        { name: 'acc1', turnsLeft: 1, resetsAt: nowSeconds() + 3600 },
        { name: 'acc2', turnsLeft: 0, resetsAt: nowSeconds() + 7200 },
      ],
      { settings: { whenExhausted: 'wait' } },
    );
    const { client, thread } = await begin(scene);
    const { turn } = await client.request('turn/start', { threadId: thread, input: text('two') });
    await scene.hotswap.waitForEvent('waiting');
    await client.request('turn/interrupt', { threadId: thread, turnId: turn.id });
    expect(await client.waitForTurn(thread, 2)).toMatchObject({
      ...{ id: turn.id, status: 'interrupted' },
    });
    await scene.hotswap.waitForEvent('waited');
    expect(client.methods()).not.toContain('error');
    expect(await client.close()).toEqual({ status: 0, signal: null });
  });

  it('asks meanwhile: each question gets one answer', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    const turn = client.runTurn(thread, 'two');
    const asked: Promise<unknown>[] = [];
    let isOver = false;
    void turn.finally(() => {
      isOver = true;
    });
    while (!isOver && asked.length < 200) {
      asked.push(client.request('account/read', {}), client.request('model/list', {}));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await turn).toMatchObject({ status: 'completed' });
    await Promise.all(asked);
    const ids = client.received.flatMap(({ id, method }) => (method === undefined ? id : []));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('closes its side: the server ends, and nothing is left', async () => {
    const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { client, thread } = await begin(scene);
    await client.request('turn/start', { threadId: thread, input: text('two') });
    await scene.hotswap.waitForEvent('suspected');
    expect(await client.close()).toEqual({ status: 0, signal: null });
    expect(readRegistry(scene.hotswap.sandbox)).toMatchObject([{ state: 'ended' }]);
  });
});

describe('a thread in a directory with a rule', () => {
  it('is refused under another account, in one line, and the service gets nothing of it', async () => {
    const scene = await open([{ name: 'acc1' }, { name: 'acc2' }]);
    const { sandbox } = scene.hotswap;
    const cwd = join(sandbox.home, 'acme');
    mkdirSync(cwd);
    await scene.hotswap.command('rule', 'add', cwd, 'acc2');
    const { client, thread } = await begin(scene);
    const reason =
      /the rule for ~\/acme allows only acc2, and this app-server works under acc1; start an app-server in ~\/acme/;
    await expect(client.startThread({ cwd })).rejects.toThrow(reason);
    const moved = { threadId: thread, input: text('two'), cwd };
    await expect(client.request('turn/start', moved)).rejects.toThrow(reason);
    expect(await client.runTurn(thread, 'three')).toMatchObject({ status: 'completed' });
    expect(scene.backend.turns().map(({ turn }) => turn?.userTexts.at(-1))).toEqual([
      'one',
      'three',
    ]);
  });
});

/** Adds much of the model's own talk, as a long day of work does. */
function growRollout(file: string, bytes: number): void {
  const message = 'a long report '.repeat(7000);
  const last = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) as string;
  let { ordinal } = JSON.parse(last) as { ordinal?: number };
  const lines: string[] = [];
  for (let size = 0; size < bytes; size += message.length + 200) {
    if (ordinal !== undefined) ordinal += 1;
    const place = { timestamp: new Date().toISOString(), ordinal, type: 'event_msg' };
    lines.push(`${JSON.stringify({ ...place, payload: { type: 'agent_message', message } })}\n`);
  }
  appendFileSync(file, lines.join(''));
}
