import type { RequestId } from './message.ts';

/** A request of the client that the server has not answered. */
export interface OpenRequest {
  id: RequestId;
  method: string;
  /** For the few methods whose params or result the relay needs. */
  params?: Record<string, unknown>;
  /** The thread of a request that begins a turn. */
  thread?: string;
  /** For a request that a successor may get again. */
  line?: Buffer;
}

/** A request of the server that the client has not answered, such as an approval. */
export interface OpenQuestion {
  /** As the client knows it. */
  id: RequestId;
  thread: string | undefined;
}

/**
 * Each server counts its questions from 0. The client must not take a question of the successor for one of the server before, so
 * a later server's ids are moved up: the client knows them as `number of the server × this + id`.
 */
const STEP = 1_000_000_000;

/** The id that the client gets for a question of the server with this number; the first has 0. */
export function questionIdForClient(id: RequestId, server: number): RequestId {
  if (server === 0) return id;
  return typeof id === 'number' ? server * STEP + id : `${server}:${id}`;
}

/** The id that the server knows. @returns undefined when an earlier server has asked. */
export function questionIdForServer(id: RequestId, server: number): RequestId | undefined {
  if (typeof id === 'number') {
    return Math.floor(id / STEP) === server ? id % STEP : undefined;
  }
  if (server === 0) return id;
  const prefix = `${server}:`;
  return id.startsWith(prefix) ? id.slice(prefix.length) : undefined;
}
