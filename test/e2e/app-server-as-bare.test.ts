import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerClient } from '../lab/server-client.ts';
import { createServerLab, type ServerScene } from '../lab/server-lab.ts';
import type { Message } from '../lab/server-protocol.ts';
import { findStrays } from '../lab/strays.ts';

// Below its limit, and whatever its client does, a supervised `codex app-server` is Codex's own: the same scene is played with
// bare Codex, and the client must not be able to tell the two apart.

const { open, close } = createServerLab();
afterEach(close);

const text = (words: string) => [{ type: 'text' as const, text: words }];
const ways = [{ bare: true }, { bare: false }];

/** Plays a scene with bare Codex and with us, and expects one result. */
async function expectAsBare<T>(play: (client: ServerClient, scene: ServerScene) => Promise<T>) {
  const results: T[] = [];
  for (const way of ways) {
    const scene = await open([{ name: 'acc1', turnsLeft: 5 }, { name: 'acc2' }]);
    results.push(await play(scene.connect(way), scene));
  }
  expect(results[1]).toEqual(results[0]);
  return results[0] as T;
}

/** A message without what differs between two runs: ids, times, texts of one machine. */
function shape({ id, method, result, error }: Message): unknown {
  return { id, method, error, result: result && Object.keys(result).sort() };
}

describe('as bare Codex', () => {
  it('a turn: the same messages in the same order, and the same end', async () => {
    const seen = await expectAsBare(async (client) => {
      await client.initialize();
      const thread = await client.startThread();
      await client.runTurn(thread, 'hello');
      const ended = await client.close();
      // The figures of the account come when the service answers.
      const order = client.received
        .map(shape)
        .filter((message) => !/rateLimits|mcpServer|account|remote/.test(JSON.stringify(message)));
      return { order, ended, noise: client.noise };
    });
    expect(seen.ended).toEqual({ status: 0, signal: null });
    expect(JSON.stringify(seen.order)).toContain('turn/completed');
  });

  it('bad input: no JSON, no object, a batch, ids twice, methods unknown, before and after initialize', async () => {
    const bad = [
      ...['this is no json', '{"id":8}', '[]', '"x"', '', '{"id":9,"method":"no/such"}'],
      ...['{"id":7,"method":"thread/start","params":{}}', '{"method":"initialized"}'],
      '[{"id":10,"method":"model/list","params":{}}]',
      '{"id":11,"method":"turn/start","params":{"threadId":"x","input":[]}}',
      '{"id":12,"method":"thread/start","params":{"cwd":5}}',
      '{"id":1.5,"method":"model/list","params":{}}',
      '{"id":null,"method":"model/list","params":{}}',
      '{"jsonrpc":"2.0","id":13,"method":"turn/interrupt","params":{"threadId":"x","turnId":"y"}}\r',
      '{"id":"words","method":"thread/read","params":{"threadId":"x"}}',
      '{"id":77,"result":{"decision":"accept"}}',
      '{"id":78,"error":{"code":-1,"message":"no"}}',
      '{"id":7,"method":"thread/loaded/list","params":{}}',
      '{"id":7,"method":"thread/loaded/list","params":{}}',
      `{"id":14,"method":"thread/read","params":{"threadId":"${'\\u0000'.repeat(1000)}"}}`,
    ];
    // Codex answers these, before and after `initialize`.
    const questions = bad.filter((line) => /^\{.*"id":(?:\d+|"words"),"method":/.test(line));
    await expectAsBare(async (client) => {
      client.write(`${bad.join('\n')}\n{"id":90,"method":"model/list","params":{}}\n`);
      await client.waitFor(({ id }) => id === 90);
      await client.initialize();
      client.write(`${bad.join('\n')}\n{"id":91,"method":"thread/loaded/list","params":{}}\n`);
      // Codex works on several at once, so their order is another each time.
      const listAnswers = () => client.received.filter(({ method }) => method === undefined);
      await client.waitFor(() => listAnswers().length >= 2 * questions.length + 3);
      const answers = listAnswers().map(shape);
      const sorted = answers.map((answer) => JSON.stringify(answer).slice(0, 200)).sort();
      return { sorted, ended: await client.close() };
    });
  });

  it('a line that is no UTF-8 ends the server', async () => {
    const ended = await expectAsBare(async (client) => {
      await client.initialize();
      client.write(Buffer.from([0xff, 0xfe, 0x0a]));
      return client.ended;
    });
    expect(ended).toEqual({ status: 0, signal: null });
  });

  it('a line of 100 MB', async () => {
    await expectAsBare(async (client) => {
      await client.initialize();
      const long = 'a'.repeat(100_000_000);
      const thread = await client.startThread();
      const input = JSON.stringify(text(long));
      client.write(`{"id":70,"method":"no/such","params":{"x":"${long}"}}\n`);
      const params = `{"threadId":"${thread}","input":${input}}`;
      client.write(`{"id":71,"method":"turn/start","params":${params}}\n`);
      await client.waitFor(({ id }) => id === 71, 60_000);
      expect(await client.runTurn(thread, 'short')).toMatchObject({ status: 'completed' });
      return client.received
        .filter(({ id }) => id === 70 || id === 71)
        .map(({ error }) => error?.message.slice(0, 60))
        .sort();
    });
  }, 120_000);

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)(
    '%s, at rest and in a turn',
    async (signal) => {
      const ends = await expectAsBare(async (client, scene) => {
        await client.initialize();
        client.process.kill(signal);
        const atRest = await client.ended;
        scene.backend.enqueue([{ until: new Promise(() => undefined) }]);
        const other = scene.connect({ bare: client.process.spawnfile !== process.execPath });
        await other.initialize();
        await other.request('turn/start', {
          threadId: await other.startThread(),
          input: text('slow'),
        });
        await other.waitFor(({ method }) => method === 'item/agentMessage/delta');
        other.process.kill(signal);
        return [atRest, await other.ended];
      });
      expect(ends).toHaveLength(2);
    },
  );

  it('the client closes its side in a turn', async () => {
    const ended = await expectAsBare(async (client, { backend }) => {
      backend.enqueue([{ until: new Promise(() => undefined) }]);
      await client.initialize();
      const threadId = await client.startThread();
      await client.request('turn/start', { threadId, input: text('slow') });
      await client.waitFor(({ method }) => method === 'item/agentMessage/delta');
      return client.close();
    });
    expect(ended).toEqual({ status: 0, signal: null });
  });
});

describe('a client that is fast, slow or gone', () => {
  it('gets 5,000 notifications of one turn at full speed, each once and in order', async () => {
    const words = Array.from({ length: 5000 }, (_, index) => `${index} `);
    for (const way of ways) {
      const scene = await open([{ name: 'acc1' }]);
      scene.backend.enqueue([{ text: words }]);
      const client = scene.connect(way);
      await client.initialize();
      const thread = await client.startThread();
      expect(await client.runTurn(thread, 'talk')).toMatchObject({ status: 'completed' });
      const deltas = client.received.flatMap(({ method, params }) =>
        method === 'item/agentMessage/delta' ? params.delta : [],
      );
      expect(deltas.join('')).toBe(words.join(''));
    }
  }, 120_000);

  it('never reads: our memory stays as it is, everything comes later, and a signal still ends us', async () => {
    const scene = await open([{ name: 'acc1' }]);
    const words = Array.from({ length: 120 }, () => 'x'.repeat(100_000));
    scene.backend.setScript(({ purpose }) => (purpose === 'turn' ? { text: words } : undefined));
    const client = scene.connect();
    await client.initialize();
    const threads = await Promise.all([1, 2, 3, 4].map(() => client.startThread()));
    const before = residentMegabytes(client.process.pid as number);
    const startAll = async () => {
      for (const threadId of threads) {
        await client.request('turn/start', { threadId, input: text('talk') });
      }
      client.process.stdout.pause();
      // 48 MB wait for the client.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    };
    await startAll();
    expect(residentMegabytes(client.process.pid as number) - before).toBeLessThan(24);
    client.process.stdout.resume();
    for (const thread of threads) {
      expect(await client.waitForTurn(thread)).toMatchObject({ status: 'completed' });
    }
    await startAll();
    const ended = new Promise((resolve) => client.process.once('exit', resolve));
    client.process.kill('SIGTERM');
    const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'late'));
    expect(await Promise.race([ended, late])).not.toBe('late');
  }, 120_000);

  it('has a launcher that is killed with -9: no server is left, at rest and in a turn', async () => {
    for (const isInTurn of [false, true]) {
      const scene = await open([{ name: 'acc1' }]);
      const client = scene.connect();
      await client.initialize();
      const threadId = await client.startThread();
      if (isInTurn) {
        scene.backend.enqueue([{ until: new Promise(() => undefined) }]);
        await client.request('turn/start', { threadId, input: text('slow') });
        await client.waitFor(({ method }) => method === 'item/agentMessage/delta');
      }
      const { home } = scene.hotswap.sandbox;
      expect(findStrays(home).length).toBeGreaterThan(1);
      client.process.kill('SIGKILL');
      await vi.waitUntil(() => findStrays(home).length === 0, { timeout: 2000 });
    }
  });
});

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
