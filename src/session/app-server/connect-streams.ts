import type { Readable, Writable } from 'node:stream';
import type { Relay } from '../../relay/relay.ts';
import type { ServerChild } from './server-child.ts';

/** The bytes between a client and the server of now, with back-pressure both ways. */
export interface Streams {
  /** From now on this server is the one. */
  connect(server: ServerChild): void;
  toClient(bytes: Buffer): void;
  toServer(bytes: Buffer): void;
  /** So many bytes of the client are kept by the relay. */
  waiting(bytes: number): void;
  /** The client has closed its side: no successor has anything to do. */
  isClientGone(): boolean;
  /** Resolves when the client has taken everything, or is gone. */
  flush(): Promise<void>;
  close(): void;
}

/** When the relay keeps more of the client's bytes, the client waits. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * @param relay gets what is read. It is asked for at the first byte.
 * @param failed gets an exception of the relay.
 */
export function createStreams(
  client: { input: Readable; output: Writable },
  relay: () => Relay,
  failed: (error: unknown) => void,
): Streams {
  const { input, output } = client;
  let server: ServerChild | undefined;
  let isGone = false;
  let isFull = false;
  let isWaiting = false;

  function guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      failed(error);
    }
  }

  function flowClient(): void {
    if (isFull || isWaiting) input.pause();
    else input.resume();
  }

  /** As for a server without us: the end of its input ends it. */
  function leave(): void {
    isGone = true;
    server?.input.end();
  }

  const fromClient = (chunk: Buffer) => guard(() => relay().fromClient(chunk));
  const drained = () => server?.output.resume();
  input.on('data', fromClient);
  input.on('end', leave);
  input.on('error', leave);
  output.on('drain', drained);
  output.on('error', leave);

  return {
    connect(next) {
      server = next;
      isFull = false;
      next.output.on('data', (chunk: Buffer) => {
        if (server === next) guard(() => relay().fromServer(chunk));
      });
      next.input.on('drain', () => {
        isFull = false;
        flowClient();
      });
      if (isGone) next.input.end();
      flowClient();
    },
    toClient(bytes) {
      if (output.destroyed || output.write(bytes)) return;
      server?.output.pause();
    },
    toServer(bytes) {
      if (server === undefined || server.input.writableEnded || server.input.destroyed) return;
      isFull = !server.input.write(bytes);
      if (isFull) flowClient();
    },
    waiting(bytes) {
      isWaiting = bytes > MOST_WAITING;
      flowClient();
    },
    isClientGone: () => isGone,
    flush: () =>
      new Promise((resolve) => {
        if (output.destroyed) return resolve();
        output.once('error', () => resolve());
        output.write('', () => resolve());
      }),
    close() {
      input.off('data', fromClient).off('end', leave).pause();
      output.off('drain', drained);
    },
  };
}
