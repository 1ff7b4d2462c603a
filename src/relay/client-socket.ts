import { chmod, lstat, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { type Duplex, PassThrough, type Readable, Writable } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { createLineSplitter } from './split-lines.ts';

/** A private socket on which one client of `codex app-server` is served. */
export interface ClientSocket {
  /** Resolves with the messages of the first client, one a line. `input` ends with the connection. */
  client: Promise<{ input: Readable; output: Writable }>;
  /** Ends the connection, and removes the socket. */
  close(): Promise<void>;
}

/** Longer paths of a socket do not fit into the kernel's address: 107 bytes on Linux, 103 on macOS. */
const MOST_OF_A_PATH = process.platform === 'darwin' ? 103 : 107;
/** Bigger messages of a client are refused. A prompt may have several images. */
const MOST_OF_A_MESSAGE = 256 * 1024 * 1024;

/**
 * Listens on `path` for one client that speaks WebSocket, as `codex --remote unix://PATH` does (fact 135). A second client is
 * refused while the first is there, and after it. Other users cannot connect: the socket is 0600, and its directory must be 0700.
 * A socket that no process listens on is taken over.
 * @throws Error when the path is too long, is taken, or lies in a directory that other users can enter.
 */
export async function listenForClient(path: string): Promise<ClientSocket> {
  await requirePrivatePlace(path);
  const { WebSocketServer: SocketServer } = await import('ws');
  const server = createServer((_, response) => response.writeHead(426).end());
  const sockets = new SocketServer({ noServer: true, maxPayload: MOST_OF_A_MESSAGE });
  let isServed = false;
  const client = new Promise<{ input: Readable; output: Writable }>((resolve) => {
    server.on('upgrade', (request, socket: Duplex, head) => {
      if (isServed) return socket.end(REFUSAL);
      isServed = true;
      sockets.handleUpgrade(request, socket, head, (connection) => resolve(serve(connection)));
    });
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return { client, close: () => close(server, sockets, path) };
}

/** A client that does not answer the end of the connection is left, milliseconds. */
const FAREWELL_MS = 200;

const REFUSAL = 'HTTP/1.1 409 Conflict\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

async function requirePrivatePlace(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MOST_OF_A_PATH)
    throw new Error(`the path of a socket is too long: ${path}`);
  const directory = await lstat(dirname(path));
  const isPrivate = directory.isDirectory() && (directory.mode & 0o077) === 0;
  if (!isPrivate || directory.uid !== process.getuid?.()) {
    throw new Error(`other users can enter the directory of the socket ${path}`);
  }
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket() || (await isListenedOn(path))) throw new Error(`${path} is taken`);
  await rm(path);
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
}

/** One message of the WebSocket is one line of the streams. */
function serve(connection: WebSocket): { input: Readable; output: Writable } {
  const input = new PassThrough();
  const lines = createLineSplitter(Number.POSITIVE_INFINITY);
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      const last = lines.push(chunk);
      if (last.length === 0) return done();
      for (const [index, { bytes }] of last.entries()) {
        const isLast = index === last.length - 1;
        connection.send(
          bytes.subarray(0, -1),
          { binary: false },
          isLast ? () => done() : undefined,
        );
      }
    },
  });
  connection.on('message', (data: Buffer) => {
    input.write(data);
    if (!input.write('\n')) connection.pause();
  });
  input.on('drain', () => connection.resume());
  connection.on('close', () => {
    input.end();
    output.destroy();
  });
  connection.on('error', () => connection.terminate());
  input.on('error', () => undefined);
  output.on('error', () => undefined);
  return { input, output };
}

async function close(server: Server, sockets: WebSocketServer, path: string): Promise<void> {
  for (const connection of sockets.clients) {
    connection.close();
    setTimeout(() => connection.terminate(), FAREWELL_MS).unref();
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(path, { force: true });
}
