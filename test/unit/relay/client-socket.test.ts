import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type ClientSocket, listenForClient } from '../../../src/relay/client-socket.ts';

let home: string;
let open: ClientSocket[];
let connections: WebSocket[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'socket-'));
  open = [];
  connections = [];
});

afterEach(async () => {
  for (const connection of connections) connection.terminate();
  for (const socket of open) await socket.close();
  rmSync(home, { recursive: true });
});

const path = () => join(home, 's');

async function listen(at = path()): Promise<ClientSocket> {
  const socket = await listenForClient(at);
  open.push(socket);
  return socket;
}

async function dial(): Promise<WebSocket> {
  const connection = new WebSocket(`ws+unix://${path()}:/`);
  connections.push(connection);
  await once(connection, 'open');
  return connection;
}

describe('a private socket', () => {
  test('carries messages as lines, both ways, of any size', async () => {
    const socket = await listen();
    const connection = await dial();
    const { input, output } = await socket.client;
    const long = 'ä'.repeat(3_000_000);
    const received: string[] = [];
    connection.on('message', (data) => received.push(String(data)));
    connection.send('{"id":1}');
    connection.send(long);
    let read = '';
    for await (const chunk of input.setEncoding('utf8')) {
      read += chunk;
      if (read.endsWith(`${long}\n`)) break;
    }
    expect(read).toBe(`{"id":1}\n${long}\n`);
    output.write('{"a"');
    output.write(':1}\n{"b":2}\n');
    await new Promise((resolve) => output.write(`${long}\n`, resolve));
    await expect.poll(() => received.length).toBe(3);
    expect(received).toEqual(['{"a":1}', '{"b":2}', long]);
  });

  test('belongs to its user alone', async () => {
    await listen();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    chmodSync(home, 0o750);
    await expect(listenForClient(join(home, 't'))).rejects.toThrow('other users can enter');
  });

  test('refuses a second client, while the first is there and after it', async () => {
    const socket = await listen();
    const first = await dial();
    const { input } = await socket.client;
    await expect(dial()).rejects.toThrow('409');
    first.close();
    input.resume();
    await once(input, 'end');
    await expect(dial()).rejects.toThrow('409');
  });

  test('is taken over when no process listens on it, and not otherwise', async () => {
    const living = createServer().listen(path());
    await once(living, 'listening');
    await expect(listenForClient(path())).rejects.toThrow('is taken');
    living.close();
    await once(living, 'close');
    writeFileSync(path(), '');
    await expect(listenForClient(path())).rejects.toThrow('is taken');
    rmSync(path());
    await listen();
  });

  test('with a path that the kernel cannot take is an error', async () => {
    const deep = join(home, 'x'.repeat(108));
    mkdirSync(deep, { mode: 0o700 });
    await expect(listenForClient(join(deep, 's'))).rejects.toThrow('too long');
  });

  test('is gone after its end', async () => {
    const socket = await listenForClient(path());
    const connection = await dial();
    await socket.close();
    await expect.poll(() => connection.readyState).toBe(WebSocket.CLOSED);
    expect(statSync(path(), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('makes the writer wait for a client that does not read', async () => {
    const socket = await listen();
    const connection = await dial();
    connection.pause();
    const { output } = await socket.client;
    const line = `${'x'.repeat(1_000_000)}\n`;
    let written = 0;
    while (written < 50 && output.write(line)) written += 1;
    expect(written).toBeLessThan(50);
    const drained = once(output, 'drain');
    connection.resume();
    await drained;
  });
});
