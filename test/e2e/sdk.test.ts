import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Codex, type Thread, type ThreadEvent, type ThreadOptions } from '@openai/codex-sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { itSince } from '../lab/playable.ts';
import { findStrays } from '../lab/strays.ts';
import { createSupervisedLab, type Supervised, type SupervisedOptions } from '../lab/supervised.ts';

// The official SDK, which stops reading at `turn.failed` and ends its child with SIGTERM, through the shim.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const shell = (command: string): Answer => ({ calls: [{ kind: 'shell', command }] });

interface SdkLab {
  backend: Backend;
  hotswap: Supervised;
  /** @param path the `codex` that the SDK starts; default: the shim. */
  begin(options?: ThreadOptions, path?: string): Thread;
  resume(id: string): Thread;
}

async function openSdk(
  accounts: Parameters<typeof openLab>[0],
  options: SupervisedOptions = {},
): Promise<SdkLab> {
  const { backend, hotswap } = await openLab(accounts, options);
  const { bin, env, work } = hotswap.sandbox;
  const shim = join(bin, 'codex');
  await hotswap.command('install-shim', '--shim-path', shim);
  const codex = (path: string) => new Codex({ codexPathOverride: path, env });
  const thread: ThreadOptions = { workingDirectory: work, sandboxMode: 'danger-full-access' };
  return {
    backend,
    hotswap,
    begin: (more = {}, path = shim) => codex(path).startThread({ ...thread, ...more }),
    resume: (id) => codex(shim).resumeThread(id, thread),
  };
}

const ONE_LEFT = [{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }];
const typesOf = (events: ThreadEvent[]) => events.map(({ type }) => type);
const idsOf = (events: ThreadEvent[]) =>
  events.flatMap((event) => ('item' in event ? [event.item.id] : []));

async function collect(events: AsyncIterable<ThreadEvent>): Promise<ThreadEvent[]> {
  const all: ThreadEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** No Codex and nothing of ours is left, a moment after the SDK has let go. */
async function expectNothingLeft({ sandbox }: Supervised): Promise<void> {
  await vi.waitFor(() => expect(findStrays(sandbox.home)).toEqual([]), { timeout: 5000 });
}

describe('the SDK at a limit', () => {
  it('run: gets the answer of the next account, and the next run begins there', async () => {
    const { backend, hotswap, begin } = await openSdk(ONE_LEFT);
    const thread = begin();
    const turn = await thread.run('hello');
    expect(turn.finalResponse).toBe('answer 1 from acc2');
    expect(turn.usage?.output_tokens).toBeGreaterThan(0);
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h' }]);
    const asked = backend.turns('acc1').length;
    expect((await thread.run('and now')).finalResponse).toBe('answer 2 from acc2');
    expect(backend.turns('acc1')).toHaveLength(asked);
    expect(backend.turns('acc2').at(-1)?.turn).toMatchObject({
      threadId: thread.id,
      userTexts: ['hello', 'continue', 'and now'],
    });
  });

  it('runStreamed: one thread, one turn, and no failure', async () => {
    const { begin } = await openSdk(ONE_LEFT);
    const thread = begin();
    const events = await collect((await thread.runStreamed('hello')).events);
    expect(typesOf(events)).toEqual([
      ...['thread.started', 'turn.started', 'item.completed', 'turn.completed'],
    ]);
    expect(events[0]).toEqual({ type: 'thread.started', thread_id: thread.id });
  });

  itSince('0.150.0', 'of a turn with an answer its record does not say why it failed')(
    'after two tool calls: the items go on counting',
    async () => {
      const { backend, begin } = await openSdk([{ name: 'acc1' }, { name: 'acc2' }]);
      backend.enqueue(
        [
          { text: 'Let me look.', ...shell('echo one >> log') },
          shell('echo two >> log'),
          ...Array<Answer>(5).fill({ failure: 'usage-limit' }),
        ],
        'acc1',
      );
      backend.enqueue([{ text: 'Once more.', ...shell('cat log') }, { text: 'Done.' }], 'acc2');
      const { events } = await begin().runStreamed('hello');
      const all = await collect(events);
      const started = all.filter(({ type }) => type === 'item.started');
      expect(idsOf(started)).toEqual(['item_1', 'item_2', 'item_4']);
      const completed = all.filter(({ type }) => type === 'item.completed');
      expect(idsOf(completed)).toEqual([
        'item_0',
        'item_1',
        'item_2',
        'item_3',
        'item_4',
        'item_5',
      ]);
      expect(completed.at(-2)).toMatchObject({ item: { aggregated_output: 'one\ntwo\n' } });
      expect(typesOf(all).filter((type) => !type.startsWith('item'))).toEqual([
        ...['thread.started', 'turn.started', 'turn.completed'],
      ]);
    },
  );

  it('resumeThread: goes on in that thread', async () => {
    const { backend, begin, resume } = await openSdk([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
    ]);
    const first = begin();
    await first.run('before');
    const thread = resume(first.id as string);
    expect((await thread.run('after')).finalResponse).toBe('answer 1 from acc2');
    expect(thread.id).toBe(first.id);
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual(['before', 'after', 'continue']);
  });

  it('four at once: each gets its answer, in a thread of its own', async () => {
    const { backend, hotswap, begin } = await openSdk(ONE_LEFT);
    const prompts = ['north', 'east', 'south', 'west'];
    const threads = prompts.map(() => begin());
    const turns = await Promise.all(threads.map((thread, at) => thread.run(prompts[at] as string)));
    for (const { finalResponse } of turns) expect(finalResponse).toMatch(/^answer \d from acc2$/);
    const asked = backend.turns('acc2').map(({ turn }) => [turn?.threadId, turn?.userTexts[0]]);
    expect(asked.sort()).toEqual(threads.map(({ id }, at) => [id, prompts[at]]).sort());
    expect(hotswap.account('acc1').marks).toHaveLength(1);
  });

  it('images go with the thread, once', async () => {
    const { backend, hotswap, begin } = await openSdk(ONE_LEFT);
    const image = join(hotswap.sandbox.home, 'dot.png');
    writeFileSync(image, DOT);
    const input = [
      { type: 'text', text: 'What is this?' },
      { type: 'local_image', path: image },
    ] as const;
    expect((await begin().run([...input])).finalResponse).toBe('answer 1 from acc2');
    const seen = JSON.stringify(backend.turns('acc2')[0]?.turn?.input);
    expect(seen.split('data:image/png').length - 1).toBe(1);
  });

  it('outputSchema holds for the next account, too', async () => {
    const { backend, begin } = await openSdk(ONE_LEFT);
    const outputSchema = {
      ...{ type: 'object', properties: { answer: { type: 'string' } } },
      ...{ required: ['answer'], additionalProperties: false },
    };
    await begin().run('hello', { outputSchema });
    const [asked] = backend.turns('acc2');
    expect(asked?.turn?.body.text).toEqual(backend.turns('acc1')[0]?.turn?.body.text);
    expect(JSON.stringify(asked?.turn?.body.text)).toContain('"answer"');
  });

  itSince('0.150.0', 'its record has no error, so nothing proves that the thread may not be read')(
    'a copy of the thread has the id that the client knows',
    async () => {
      const { backend, begin } = await openSdk([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }], {
        backend: { foreignReasoning: 'refuse' },
      });
      const thread = begin();
      await thread.run('before');
      const { id } = thread;
      expect((await thread.run('after')).finalResponse).toBe('answer 1 from acc2');
      expect(thread.id).toBe(id);
      const copy = backend.turns('acc2').at(-1)?.turn?.threadId;
      expect(copy).not.toBe(id);
      // The next turn knows what was said in the copy.
      const events = await collect((await thread.runStreamed('and now')).events);
      expect(events[0]).toEqual({ type: 'thread.started', thread_id: id });
      const last = backend.turns('acc2').at(-1)?.turn;
      expect(last).toMatchObject({ threadId: copy });
      expect(last?.texts).toContain('answer 1 from acc2');
      expect(last?.userTexts).toEqual(['before', 'after', 'continue', 'continue', 'and now']);
    },
  );
});

describe('the SDK where no account goes on', () => {
  it('all accounts are used up: the same exception as with Codex alone', async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 7200;
    const { hotswap, begin } = await openSdk(
      [
        { name: 'acc1', turnsLeft: 0, resetsAt },
        { name: 'acc2', turnsLeft: 0, resetsAt },
      ],
      { login: 'acc1' },
    );
    const alone = await collectUntilThrow(begin({}, codexUnderTest.native));
    const ours = await collectUntilThrow(begin());
    expect(ours).toEqual(alone);
    expect(ours.types).toContain('turn.failed');
    const failure = (thread: Thread) => thread.run('hello').catch(({ message }: Error) => message);
    expect(await failure(begin())).toEqual(await failure(begin({}, codexUnderTest.native)));
    expect(hotswap.account('acc1').marks).toHaveLength(1);
    expect(hotswap.account('acc2').marks).toHaveLength(1);
    await expectNothingLeft(hotswap);
  });

  it('another failure is the exception of Codex, and marks nothing', async () => {
    const { backend, hotswap, begin } = await openSdk([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.enqueue(Array<Answer>(10).fill({ failure: 'capacity' }), 'acc1');
    await expect(begin().run('hello')).rejects.toThrow(/at capacity/);
    expect(backend.turns('acc2')).toEqual([]);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
    await expectNothingLeft(hotswap);
  });

  it('a consumer that breaks off in a turn: Codex ends, and no account is marked', async () => {
    const { backend, hotswap, begin } = await openSdk([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.enqueue([{ text: 'Let me look.', ...shell('sleep 60') }], 'acc1');
    const { events } = await begin().runStreamed('hello');
    for await (const event of events) if (event.type === 'item.completed') break;
    await expectNothingLeft(hotswap);
    expect(hotswap.eventsOf('confirmed')).toEqual([]);
    expect(backend.turns('acc2')).toEqual([]);
  });

  it('an abort in a turn: AbortError, Codex ends, and nobody else is asked', async () => {
    const { backend, hotswap, begin } = await openSdk([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.enqueue([{ until: new Promise(() => undefined) }], 'acc1');
    const abort = new AbortController();
    const running = begin().run('hello', { signal: abort.signal });
    await vi.waitUntil(() => backend.turns('acc1').length > 0, { timeout: 15_000 });
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await expectNothingLeft(hotswap);
    expect(hotswap.eventsOf('confirmed')).toEqual([]);
    expect(backend.turns('acc2')).toEqual([]);
  });

  it('an abort in a handoff: the account is marked, and the next one is not asked', async () => {
    const { backend, hotswap, begin } = await openSdk(ONE_LEFT);
    await hotswap.sandbox.writeVault('acc2', { expiresInSeconds: 100 });
    const letGo = backend.hold('refreshes');
    const abort = new AbortController();
    const running = begin().run('hello', { signal: abort.signal });
    running.catch(() => undefined);
    await hotswap.waitForEvent('confirmed');
    await sleep(50);
    abort.abort();
    // As with Codex alone the failure comes before the abort.
    await expect(running).rejects.toThrow(/usage limit/);
    letGo();
    await expectNothingLeft(hotswap);
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h' }]);
    expect(backend.turns('acc2')).toEqual([]);
  });
});

/** A PNG of one dot. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The types of the events, and the message of the exception at their end. */
async function collectUntilThrow(
  thread: Thread,
): Promise<{ types: string[]; failures: ThreadEvent[]; threw: string }> {
  const all: ThreadEvent[] = [];
  let threw = '';
  try {
    for await (const event of (await thread.runStreamed('hello')).events) all.push(event);
  } catch (error) {
    threw = (error as Error).message.split('\n')[0] ?? '';
  }
  const failures = all.filter(({ type }) => type === 'error' || type === 'turn.failed');
  return { types: typesOf(all), failures, threw };
}
