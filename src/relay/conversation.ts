import { readObject, readString } from '../codex/json.ts';
import type { RateLimits } from '../codex/rollout.ts';
import { createIdMap, type IdMap } from './id-map.ts';
import { type RequestId, toLine } from './message.ts';
import { createOwnRequests, type OwnRequests } from './own-requests.ts';
import { createPacer, type Pacer } from './pacer.ts';
import type { OpenQuestion, OpenRequests } from './requests.ts';
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
  readonly pacer: Pacer;
  /** How many servers there have been before this one. */
  server: number;
  /** `open`: lines pass both ways. `ended`: no server lives. `opening`: a successor is made ready. */
  phase: 'open' | 'ended' | 'opening';
  /** The server is to end when the turns that run have ended. */
  isEnding: boolean;
  /** The params of the `initialize` that a server has taken. */
  initialize: Record<string, unknown> | undefined;
  /** The notifications that the client does not want. */
  optOuts: ReadonlySet<string>;
  /** The client has its answer to `initialize`, and may get notifications of ours. */
  isIntroduced: boolean;
  /** What waits for that. */
  notices: object[];
  readonly threads: Map<string, OpenThread>;
  readonly requests: OpenRequests;
  /** By the id that the client knows. */
  readonly questions: Map<RequestId, OpenQuestion>;
  /** See `keyOfSetting`. */
  readonly settings: Map<string, TurnRequest>;
  /** The handles of `process/spawn` whose process lives. */
  readonly processes: Set<string>;
  /** The threads with a realtime connection. */
  readonly realtime: Set<string>;
  limits: RateLimits | undefined;
  /** The number of the server that has told its account last. */
  toldAccount: number | undefined;
  /** The lines of the server about a thread whose turn has failed, in order, with the ids that the client knows. */
  readonly holds: Map<string, Buffer[]>;
  /** The lines of the client that wait for a server, or for a decision about their thread. */
  waiting: Buffer[];
  /** The sum of their lengths, bytes. */
  waitingBytes: number;
  /** A thread is not held any more: lines that wait may go on. */
  isReleased: boolean;
}

/** A server that does not answer a request of ours within this time has refused it, milliseconds. */
const ANSWER_MS = 20_000;

export function beginConversation(outside: RelayHost): Conversation {
  const pacer = createPacer(
    (line) => outside.toServer(line),
    outside.after,
    () => tellWaiting(conversation),
  );
  const host = { ...outside, toServer: (line: Buffer) => pacer.send(line) };
  const conversation: Conversation = {
    ...{ host, pacer, ids: createIdMap() },
    own: createOwnRequests(host.toServer, host.after, ANSWER_MS),
    ...{
      server: 0,
      phase: 'open',
      isEnding: false,
      initialize: undefined,
      limits: undefined,
      toldAccount: undefined,
    },
    ...{ optOuts: new Set(), isIntroduced: false, notices: [] },
    ...{ threads: new Map(), requests: new Map(), questions: new Map(), settings: new Map() },
    ...{ processes: new Set(), realtime: new Set(), holds: new Map() },
    ...{ waiting: [], waitingBytes: 0, isReleased: false },
  };
  return conversation;
}

/** More notices of ours are not kept for a client that has not introduced itself. */
const MOST_NOTICES = 10;

/** Writes a notification of ours to the client, unless the client does not want it. The ids are those of the server of now. */
export function tellClient(
  { host, ids, optOuts, isIntroduced, notices }: Conversation,
  notification: { method: string; params: object },
): void {
  if (optOuts.has(notification.method)) return;
  if (isIntroduced) host.toClient(ids.lineToClient(toLine(notification)));
  else if (notices.length < MOST_NOTICES) notices.push(notification);
}

/** The thread of a held turn that a message is about. @param params of the server's own message, with ids of the server of now. */
export function findHeldThread(
  { holds }: Conversation,
  params: Record<string, unknown>,
): string | undefined {
  const id = threadIdOf(params);
  return id !== undefined && holds.has(id) ? id : undefined;
}

/** The thread that a message is about. Old methods name it `conversationId`. */
export function threadIdOf(params: Record<string, unknown>): string | undefined {
  const { threadId, conversationId, thread } = params;
  return readString(threadId) ?? readString(conversationId) ?? readString(readObject(thread)?.id);
}

/** The client's lines wait for a server, or for the decision about a thread. */
export function keepWaiting(conversation: Conversation, line: Buffer): void {
  conversation.waiting.push(line);
  conversation.waitingBytes += line.length;
  tellWaiting(conversation);
}

/** While a server is there, the client goes on to be read: it may end the turn that waits. */
export function tellWaiting({ host, phase, waitingBytes, pacer }: Conversation): void {
  host.waiting(pacer.bytes() + (phase === 'open' ? 0 : waitingBytes));
}
