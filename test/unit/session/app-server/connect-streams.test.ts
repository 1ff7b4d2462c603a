import { type Duplex, PassThrough } from 'node:stream';
import { describe, expect, it, test } from 'vitest';
import { createRelay, type Relay } from '../../../../src/relay/relay.ts';
import { createStreams } from '../../../../src/session/app-server/connect-streams.ts';
import type { ServerChild } from '../../../../src/session/app-server/server-child.ts';

// The bytes between a client and its server: what one side does not take, the other side must wait for.

const MOST = 256 * 1024;
const PIECE = Buffer.from(
  `${JSON.stringify({ method: 'x', params: { text: 'x'.repeat(1000) } })}\n`,
);

function open() {
  const [input, output, toServer, fromServer] = [1, 2, 3, 4].map(() => new PassThrough()) as [
    ...[PassThrough, PassThrough, PassThrough, PassThrough],
  ];
  const errors: unknown[] = [];
  let relay: Relay | undefined;
  const streams = createStreams(
    () => ({ input, output }),
    () => relay as Relay,
    (error) => errors.push(error),
  );
  const nothing = () => undefined;
  relay = createRelay({
    ...{ toClient: streams.toClient, toServer: streams.toServer, waiting: streams.waiting },
    ...{ named: nothing, opened: nothing, turnBegan: nothing, turnSucceeded: nothing },
    ...{ turnFailed: nothing, agentFailed: nothing, atRest: nothing, interrupted: nothing },
    ...{ forbids: nothing, note: nothing, after: nothing, now: () => 0 },
  });
  const server = (from = fromServer, to = toServer): ServerChild => ({
    ...{ pid: undefined, input: to, output: from, signal: nothing },
    ...{ spawned: Promise.resolve(), ended: new Promise(() => undefined) },
  });
  streams.connect(server());
  return { input, output, toServer, fromServer, streams, relay, errors, server };
}

/** Writes until the stream takes no more. @returns how many bytes that were. */
async function fill(stream: Duplex, most = 64 * 1024 * 1024): Promise<number> {
  let bytes = 0;
  for (; bytes < most; bytes += PIECE.length) {
    if (!stream.write(PIECE)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (stream.writableNeedDrain) break;
    }
  }
  return bytes;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('a side that does not read', () => {
  it('the client: the server waits, and goes on when the client does; no byte is lost', async () => {
    const { output, fromServer } = open();
    const written = await fill(fromServer);
    expect(written).toBeLessThan(MOST);
    expect(fromServer.isPaused()).toBe(true);
    let read = 0;
    output.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    await settle();
    expect(fromServer.isPaused()).toBe(false);
    expect(read % PIECE.length).toBe(0);
    expect(read).toBeGreaterThanOrEqual(written);
  });

  it('the server: the client waits, and goes on when the server does', async () => {
    const { input, toServer } = open();
    expect(await fill(input)).toBeLessThan(MOST);
    expect(input.isPaused()).toBe(true);
    toServer.resume();
    await settle();
    expect(input.isPaused()).toBe(false);
  });

  it('no server: the client waits from 4 MB on, and its bytes go to the next one', async () => {
    const { input, relay, streams, server } = open();
    relay.serverEnded(false);
    const written = await fill(input);
    expect(written).toBeGreaterThan(4 * 1024 * 1024);
    expect(written).toBeLessThan(4 * 1024 * 1024 + MOST);
    const [from, to] = [new PassThrough(), new PassThrough()];
    streams.connect(server(from, to));
    let read = 0;
    to.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    await relay.openSuccessor({ goesOn: true, prompt: '' });
    await settle();
    expect(read).toBeGreaterThanOrEqual(written);
    expect(input.isPaused()).toBe(false);
  });
});

describe('a client that is gone', () => {
  it('because nobody reads its side any more: the server can go on to its end', async () => {
    const { output, fromServer, toServer } = open();
    await fill(fromServer);
    expect(fromServer.isPaused()).toBe(true);
    output.destroy(new Error('EPIPE'));
    await settle();
    expect(fromServer.isPaused()).toBe(false);
    expect(toServer.writableEnded).toBe(true);
  });

  it('between two servers: the input of the next one ends at once', async () => {
    const { input, streams, server, relay } = open();
    relay.serverEnded(false);
    input.end();
    await settle();
    expect(streams.isClientGone()).toBe(true);
    const to = new PassThrough();
    streams.connect(server(new PassThrough(), to));
    expect(to.writableEnded).toBe(true);
  });
});

test('a server that has ended tells nothing any more, and its drain means nothing', async () => {
  const { output, fromServer, toServer, streams, server, input } = open();
  const before = await fill(input);
  expect(before).toBeGreaterThan(0);
  const to = new PassThrough();
  streams.connect(server(new PassThrough(), to));
  await fill(input);
  expect(input.isPaused()).toBe(true);
  toServer.resume();
  await settle();
  expect(input.isPaused()).toBe(true);
  fromServer.write(PIECE);
  await settle();
  expect(output.readableLength).toBe(0);
});

test('an exception of the relay is told, and the streams go on', async () => {
  const { streams, server } = open();
  const errors: unknown[] = [];
  const broken = createStreams(
    () => ({ input: new PassThrough(), output: new PassThrough() }),
    () => {
      throw new Error('a bug');
    },
    (error) => errors.push(error),
  );
  const from = new PassThrough();
  broken.connect(server(from, new PassThrough()));
  from.write(PIECE);
  from.write(PIECE);
  await settle();
  expect(errors).not.toEqual([]);
  await streams.flush();
});
