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

/** The open requests with an id. A client that uses an id twice gets two answers from Codex. */
export type OpenRequests = Map<RequestId, OpenRequest[]>;

export function addRequest(requests: OpenRequests, request: OpenRequest): void {
  const same = requests.get(request.id);
  if (same === undefined) requests.set(request.id, [request]);
  else same.push(request);
}

/** The request that an answer is for. */
export function takeRequest(requests: OpenRequests, id: RequestId): OpenRequest | undefined {
  const same = requests.get(id);
  const request = same?.shift();
  if (same?.length === 0) requests.delete(id);
  return request;
}

/** A request of the server that the client has not answered, such as an approval. */
export interface OpenQuestion {
  /** As the client knows it. */
  id: RequestId;
  /** As the server knows it. */
  asked: RequestId;
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
  const isCounted = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < STEP;
  return isCounted ? server * STEP + id : `${server}:${JSON.stringify(id)}`;
}
