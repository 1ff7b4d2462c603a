import { MAX_LENGTH, readText } from '../codex/bounds.ts';
import { readObject } from '../codex/json.ts';
import type { Conversation } from './conversation.ts';
import { type RequestId, readClientHead } from './message.ts';
import { afterLostServer, keyOfSetting, keysEndedBy, OPENING, TURN_REQUESTS } from './methods.ts';
import { noteOptOuts } from './opt-outs.ts';
import { addRequest, type OpenRequest } from './requests.ts';
import { hasId } from './threads.ts';

type Fields = Record<string, unknown>;

/** A line that is longer is passed on without being kept for a successor, bytes. */
const MOST_KEPT = 256 * 1024;

const CHOOSING = new Set(['turn/start', 'thread/settings/update']);

/** The requests whose answer the relay must understand, besides those that open a thread and those that are settings. */
const NEEDS_PARAMS = new Set([
  ...[...OPENING, ...CHOOSING, ...TURN_REQUESTS],
  ...['initialize', 'thread/unsubscribe', 'turn/interrupt', 'process/spawn'],
  ...['thread/realtime/start', 'thread/inject_items'],
]);

/** Notes a request that goes to the server now. @returns the line for the server. */
export function noteRequest(
  conversation: Conversation,
  { id, method }: { id: RequestId; method: string },
  parsed: Fields | undefined,
  line: Buffer,
): Buffer {
  const { threads, ids, processes, realtime } = conversation;
  const typed = readObject(parsed?.params) ?? {};
  const threadId = ids.toCurrent(String(typed.threadId));
  const params = dropInput(typed.threadId === undefined ? typed : { ...typed, threadId });
  const isReplayed = afterLostServer(method) === 'replay' && line.length <= MOST_KEPT;
  const isSetting = keyOfSetting(method, params) ?? keysEndedBy(method, params)[0];
  const request: OpenRequest = {
    ...{ id, method },
    ...((NEEDS_PARAMS.has(method) || isSetting !== undefined) && { params }),
    ...(TURN_REQUESTS.has(method) && { thread: threadId }),
    ...(isReplayed && { line }),
  };
  addRequest(conversation.requests, request);
  const thread = threads.get(threadId);
  if (thread !== undefined && TURN_REQUESTS.has(method)) thread.asked = { method, params };
  if (thread?.isEphemeral && method === 'turn/start') {
    const isFirst = thread.lastTurn === undefined && line.length <= MOST_KEPT;
    thread.firstInput = isFirst && Array.isArray(typed.input) ? typed.input : undefined;
  }
  const turn = thread?.turn;
  if (method === 'turn/interrupt' && turn && hasId(turn, ids.toCurrent(String(params.turnId))))
    turn.isInterrupted = true;
  // A handle or a thread that is there already stays there when this request is refused.
  const handle = String(params.processHandle);
  if (method === 'process/spawn' && processes.has(handle)) delete request.params;
  if (method === 'thread/realtime/start' && realtime.has(threadId)) delete request.params;
  if (method === 'process/spawn') processes.add(handle);
  if (method === 'thread/realtime/start') realtime.add(threadId);
  return method === 'initialize' ? noteOptOuts(conversation, params, parsed, line) : line;
}

/** A request that is too long to be parsed: its answer is known by its first bytes. */
export function noteLongRequest({ requests }: Conversation, head: Buffer): void {
  const request = readClientHead(head);
  if (request !== undefined) addRequest(requests, request);
}

/** The client's name, from the params of an `initialize` that the server has taken. */
export function readClientName(params: Fields): string {
  const { name, version } = readObject(params.clientInfo) ?? {};
  const words = [readText(name, MAX_LENGTH.name), readText(version, MAX_LENGTH.name)];
  return words.filter((word) => word !== undefined).join(' ');
}

/** The prompt is on record, and may have images. */
function dropInput({ input: _, ...params }: Fields): Fields {
  return params;
}
