import type { RateLimits } from '../codex/rollout.ts';
import { createIdMap, type IdMap } from './id-map.ts';
import { type RequestId, toLine } from './message.ts';
import { createOwnRequests, type OwnRequests } from './own-requests.ts';
import type { OpenQuestion, OpenRequest } from './requests.ts';
import type { OpenThread, OpenTurn, TurnRequest } from './threads.ts';

/** What the relay tells, and what it writes to. None of these throws. */
export interface RelayHost {
  toClient(bytes: Buffer): void;
  toServer(bytes: Buffer): void;
  /** So many bytes of the client wait here, because no server is ready. */
  waiting(bytes: number): void;
  /** The client's name and version, from its `initialize`. */
  named(client: string): void;
  /** A thread has a record: its first turn has begun. */
  opened(thread: OpenThread): void;
  turnBegan(thread: OpenThread): void;
  /** @param beganAt epoch milliseconds. */
  turnSucceeded(thread: OpenThread, beganAt: number): void;
  /** A turn may have failed because of its account. Its end is held until `deliverHeld` or `openSuccessor`. */
  turnFailed(): void;
  agentFailed(thread: OpenThread, turn: OpenTurn): void;
  /** No turn runs. */
  atRest(limits: RateLimits | undefined): void;
  /**
   * Why the account that works must not work in a directory: a rule of the user. Undefined: it may.
   * @param directory undefined for that of the session.
   */
  forbids(directory: string | undefined): string | undefined;
  /** The client has ended a turn that is held. */
  interrupted(): void;
  /** For the log. */
  note(message: string): void;
  /** A timer, milliseconds. */
  after(ms: number, callback: () => void): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** The state of one client's connection, over all its servers. Ids of threads and turns are those of the server of now. */
export interface Conversation {
  readonly host: RelayHost;
  readonly ids: IdMap;
  readonly own: OwnRequests;
  /** How many servers there have been before this one. */
  server: number;
  /** `open`: lines pass both ways. `ended`: no server lives. `opening`: a successor is made ready. */
  phase: 'open' | 'ended' | 'opening';
  /** The params of the client's `initialize`. */
  initialize: Record<string, unknown> | undefined;
  readonly threads: Map<string, OpenThread>;
  readonly requests: Map<RequestId, OpenRequest>;
  /** By the id that the client knows. */
  readonly questions: Map<RequestId, OpenQuestion>;
  /** See `keyOfSetting`. */
  readonly settings: Map<string, TurnRequest>;
  /** The handles of `process/spawn` whose process lives. */
  readonly processes: Set<string>;
  /** The threads with a realtime connection. */
  readonly realtime: Set<string>;
  limits: RateLimits | undefined;
  /** The lines of the server about a thread whose turn has failed, in order. */
  readonly holds: Map<string, Buffer[]>;
  /** The lines of the client that wait for a server, or for a decision about their thread. */
  waiting: Buffer[];
}

/** A server that does not answer a request of ours within this time has refused it, milliseconds. */
const ANSWER_MS = 20_000;

export function beginConversation(host: RelayHost): Conversation {
  return {
    ...{ host, ids: createIdMap() },
    own: createOwnRequests((line) => host.toServer(line), host.after, ANSWER_MS),
    ...{ server: 0, phase: 'open', initialize: undefined, limits: undefined },
    ...{ threads: new Map(), requests: new Map(), questions: new Map(), settings: new Map() },
    ...{ processes: new Set(), realtime: new Set(), holds: new Map(), waiting: [] },
  };
}

/** Writes a message of ours to the client. The ids are those of the server of now. */
export function tellClient({ host, ids }: Conversation, message: object): void {
  host.toClient(ids.lineToClient(toLine(message)));
}

/** The thread of a held turn that a line is about. */
export function findHeldThread({ holds }: Conversation, line: Buffer): string | undefined {
  for (const id of holds.keys()) if (line.includes(id)) return id;
  return undefined;
}

/** The client's lines wait for a server, or for the decision about a thread. */
export function keepWaiting(conversation: Conversation, line: Buffer): void {
  conversation.waiting.push(line);
  conversation.host.waiting(countBytes(conversation.waiting));
}

export function countBytes(lines: readonly Buffer[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}
