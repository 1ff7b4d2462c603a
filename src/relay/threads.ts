import { MAX_LENGTH, readArgument, readDirectory, readText } from '../codex/bounds.ts';
import { dropUndefined, readObject, readString } from '../codex/json.ts';

type Fields = Record<string, unknown>;

/** A thread that the server has open for the client. All ids are those of the server of now. */
export interface OpenThread {
  id: string;
  /** The file of its rollout. Undefined before its first turn, and for a thread that is not recorded. */
  rollout: string | undefined;
  cwd: string | undefined;
  model: string | undefined;
  effort: string | undefined;
  /** It is not recorded, so no successor can open it. */
  isEphemeral: boolean;
  /** What began its first turn, while that turn is its only one. A thread that is not recorded is begun again with it. */
  firstInput: readonly object[] | undefined;
  /** Its first turn is begun again, so its prompt is told again. */
  repeatsPrompt: boolean;
  /** Another thread has begun it: its turns belong to an agent. The name is the model's. */
  agent: { parent: string; name: string | undefined } | undefined;
  /** The request that opened it, with the choices of the client since. */
  opening: TurnRequest;
  /** The request that will begin the next turn. */
  asked: TurnRequest | undefined;
  /** The turn that runs, or that has failed and is being decided on. */
  turn: OpenTurn | undefined;
  /** The id of its last turn. Undefined: it has had none in this session. */
  lastTurn: string | undefined;
  /** The number of the server at which that turn has begun. */
  lastServer: number | undefined;
  /** It is on record without a turn, too. */
  hasRecord: boolean;
  hasActiveGoal: boolean;
  /** A successor goes on with a turn: the id of that turn at the last server. */
  continues: string | undefined;
  /** Begins the turn again, with a prompt. Set while a turn that was begun without a prompt has told nothing (fact 133). */
  beginWithPrompt: (() => void) | undefined;
}

export interface TurnRequest {
  method: string;
  params: Fields;
}

export interface OpenTurn {
  id: string;
  /** A review is announced with another id, and can be interrupted by that one only (fact 142). */
  announced?: string;
  /** Epoch milliseconds. */
  beganAt: number;
  request: TurnRequest | undefined;
  /** Set when it has failed. */
  failure?: TurnFailure;
  /** The client has asked the server to end it. */
  isInterrupted?: boolean;
}

export interface TurnFailure {
  /** A word of the protocol, such as `usageLimitExceeded`. */
  info: string;
  message: string;
}

/** Reads a `thread` of the protocol. @param opening the request that opened it. */
export function readThread(value: unknown, opening: TurnRequest): OpenThread | undefined {
  const thread = readObject(value);
  const id = readArgument(thread?.id);
  if (thread === undefined || id === undefined) return undefined;
  const parent = readString(thread.parentThreadId);
  return {
    id,
    rollout: readDirectory(thread.path),
    cwd: readDirectory(thread.cwd),
    model: readArgument(thread.model),
    effort: readArgument(thread.reasoningEffort),
    isEphemeral: thread.ephemeral === true,
    ...{ firstInput: undefined, repeatsPrompt: false },
    agent:
      parent === undefined
        ? undefined
        : { parent, name: readText(thread.agentNickname, MAX_LENGTH.name) },
    opening: { method: opening.method, params: { ...opening.params } },
    ...{ asked: undefined, turn: undefined, lastTurn: undefined, hasActiveGoal: false },
    ...{
      hasRecord: false,
      lastServer: undefined,
      continues: undefined,
      beginWithPrompt: undefined,
    },
  };
}

/** Codex 0.171 announces the thread of an agent in an item of its parent only (fact 143). */
export function readStartedAgent(item: Fields | undefined, parent: string): OpenThread | undefined {
  if (item?.type !== 'subAgentActivity' || item.kind !== 'started') return undefined;
  const { agentThreadId: id, agentPath: agentNickname } = item;
  const thread = { id, agentNickname, parentThreadId: parent };
  return readThread(thread, { method: 'thread/started', params: {} });
}

/** @param id the turn's id at the server of now, either of two for a review. */
export function hasId(turn: OpenTurn | undefined, id: string): boolean {
  return turn !== undefined && (turn.id === id || turn.announced === id);
}

/** The client opens a thread that the relay knows already, for instance because Codex has announced it first. */
export function openAgain(known: OpenThread, now: OpenThread): void {
  const { opening, rollout, cwd, model, effort, isEphemeral } = now;
  const told = { rollout, cwd, model, effort };
  Object.assign(known, { opening, isEphemeral }, dropUndefined(told));
}

/** Reads the `error` of a failed turn: `codexErrorInfo` is a word, or an object with one key. */
export function readFailure(value: unknown): TurnFailure {
  const error = readObject(value);
  const told = error?.codexErrorInfo;
  const info = readString(told) ?? Object.keys(readObject(told) ?? {})[0] ?? 'other';
  return {
    info: info.slice(0, MAX_LENGTH.name),
    message: readText(error?.message, MAX_LENGTH.message) ?? '',
  };
}
