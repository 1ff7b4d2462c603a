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
  client: () => { input: Readable; output: Writable },
  relay: () => Relay,
  failed: (error: unknown) => void,
): Streams {
  let open: { input: Readable; output: Writable } | undefined;
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
    if (isFull || isWaiting) open?.input.pause();
    else open?.input.resume();
  }

  /** As for a server without us: the end of its input ends it. */
  function leave(): void {
    guard(() => relay().clientEnded());
    isGone = true;
    server?.input.end();
    // A client that takes nothing any more must not keep the server from its end.
    if (open?.output.destroyed) server?.output.resume();
  }

  const fromClient = (chunk: Buffer) => guard(() => relay().fromClient(chunk));
  const drained = () => server?.output.resume();

  function openClient(): void {
    open = client();
    open.input.on('data', fromClient).on('end', leave).on('error', leave);
    open.output.on('drain', drained).on('error', leave).on('close', leave);
  }

  return {
    connect(next) {
      if (open === undefined) openClient();
      server = next;
      isFull = false;
      next.output.on('data', (chunk: Buffer) => {
        if (server === next) guard(() => relay().fromServer(chunk));
      });
      next.input.on('drain', () => {
        if (server !== next) return;
        isFull = false;
        flowClient();
      });
      if (isGone) next.input.end();
      flowClient();
    },
    toClient(bytes) {
      if (open === undefined || open.output.destroyed || open.output.write(bytes)) return;
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
        if (open === undefined || open.output.destroyed) return resolve();
        open.output.once('error', () => resolve());
        open.output.write('', () => resolve());
      }),
    close() {
      open?.input.off('data', fromClient).off('end', leave).pause();
      open?.output.off('drain', drained);
    },
  };
}
