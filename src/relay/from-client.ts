import { MAX_LENGTH, readText } from '../codex/bounds.ts';
import { readObject } from '../codex/json.ts';
import { type Conversation, findHeldThread, keepWaiting, tellClient } from './conversation.ts';
import { refuseForbidden } from './forbidden-work.ts';
import { type Message, parseLine, type RequestId, readMessage, toLine } from './message.ts';
import { afterLostServer, keyOfSetting, keysEndedBy, OPENING, TURN_REQUESTS } from './methods.ts';
import { questionIdForServer } from './requests.ts';
import { noteChoices } from './threads.ts';
import { interruptHeld } from './turns.ts';

type Fields = Record<string, unknown>;
type Request = Extract<Message, { kind: 'request' }>;

/** A line that is longer is passed on without being kept for a successor, bytes. */
const MOST_KEPT = 256 * 1024;

/** Takes a line of the client: it goes to the server, or it waits. */
export function takeClientLine(conversation: Conversation, line: Buffer): void {
  const parsed = parseLine(line);
  const message = readMessage(parsed);
  const params = readObject(parsed?.params) ?? {};
  if (message.kind === 'response') return answerQuestion(conversation, message.id, line, parsed);
  if (message.kind === 'request' && endsHeldTurn(conversation, message, params)) return;
  const waits =
    conversation.phase !== 'open' ||
    (message.kind !== 'other' && isAboutHeld(conversation, message.method, line));
  if (waits) return keepWaiting(conversation, line);
  if (message.kind === 'request' && refuseForbidden(conversation, message, params)) return;
  if (message.kind === 'request') noteRequest(conversation, message, params, line);
  conversation.host.toServer(conversation.ids.lineToServer(line));
}

/** The lines that have waited go on. Some may have to wait again. */
export function sendWaiting(conversation: Conversation): void {
  const lines = conversation.waiting;
  conversation.waiting = [];
  for (const line of lines) takeClientLine(conversation, line);
  if (conversation.waiting.length === 0) conversation.host.waiting(0);
}

/** Requests that only read are answered by the server that lives. */
function isAboutHeld(conversation: Conversation, method: string, line: Buffer): boolean {
  if (conversation.holds.size === 0 || afterLostServer(method) === 'replay') return false;
  return findHeldThread(conversation, conversation.ids.lineToServer(line)) !== undefined;
}

/** The client wants to end a turn that waits for another account. There is nothing left to end but the wait. */
function endsHeldTurn(
  conversation: Conversation,
  { id, method }: Request,
  params: Fields,
): boolean {
  if (method !== 'turn/interrupt') return false;
  const { threads, ids, holds, host } = conversation;
  const thread = threads.get(ids.toCurrent(String(params.threadId)));
  if (thread?.turn?.failure === undefined || !holds.has(thread.id)) return false;
  tellClient(conversation, { id, result: {} });
  interruptHeld(conversation, thread);
  host.interrupted();
  return true;
}

function noteRequest(
  conversation: Conversation,
  { id, method }: Request,
  typed: Fields,
  line: Buffer,
): void {
  const { threads, requests, settings, ids, processes, realtime } = conversation;
  const threadId = ids.toCurrent(String(typed.threadId));
  const params = typed.threadId === undefined ? typed : { ...typed, threadId };
  const isReplayed = afterLostServer(method) === 'replay' && line.length <= MOST_KEPT;
  const needsParams = OPENING.has(method) || method === 'thread/unsubscribe';
  requests.set(id, {
    ...{ id, method },
    ...(needsParams && { params }),
    ...(TURN_REQUESTS.has(method) && { thread: threadId }),
    ...(isReplayed && { line }),
  });
  if (method === 'initialize') noteInitialize(conversation, params);
  const thread = threads.get(threadId);
  if (thread !== undefined && TURN_REQUESTS.has(method))
    thread.asked = { method, params: dropInput(params) };
  if (thread !== undefined && CHOOSING.has(method)) noteChoices(thread, params);
  if (thread?.isEphemeral && method === 'turn/start') {
    const isFirst = thread.lastTurn === undefined && line.length <= MOST_KEPT;
    thread.firstInput = isFirst ? readArray(params.input) : undefined;
  }
  const key = keyOfSetting(method, params);
  if (key !== undefined) settings.set(key, { method, params });
  for (const ended of keysEndedBy(method, params)) settings.delete(ended);
  if (method === 'process/spawn') processes.add(String(params.processHandle));
  if (method === 'thread/realtime/start') realtime.add(threadId);
}

const CHOOSING = new Set(['turn/start', 'thread/settings/update']);

function readArray(value: unknown): object[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** The prompt is on record, and may have images. */
function dropInput({ input: _, ...params }: Fields): Fields {
  return params;
}

function noteInitialize(conversation: Conversation, params: Fields): void {
  conversation.initialize = params;
  const { name, version } = readObject(params.clientInfo) ?? {};
  const words = [readText(name, MAX_LENGTH.name), readText(version, MAX_LENGTH.name)];
  const client = words.filter((word) => word !== undefined).join(' ');
  if (client !== '') conversation.host.named(client);
}

/** The answer to an approval goes to the server that has asked. An answer to an ended server goes nowhere. */
function answerQuestion(
  { questions, server, phase, host, ids }: Conversation,
  id: RequestId,
  line: Buffer,
  parsed: Fields | undefined,
): void {
  const known = questionIdForServer(id, server);
  const isAsked = questions.delete(id);
  // A server that is not ours to know may have asked before we could see it: an unknown id passes in the first server's time.
  if (known === undefined || phase === 'ended' || (server > 0 && !isAsked)) return;
  const told = known === id ? line : toLine({ ...parsed, id: known });
  host.toServer(ids.lineToServer(told));
}
