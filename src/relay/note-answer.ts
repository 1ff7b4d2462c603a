import { readObject, readString } from '../codex/json.ts';
import type { Conversation } from './conversation.ts';
import { type Message, parseLine, toLine } from './message.ts';
import { keyOfSetting, keysEndedBy, OPENING, TURN_LISTS } from './methods.ts';
import { readClientName } from './note-request.ts';
import { noteChoices } from './reopening.ts';
import { type OpenRequest, takeRequest } from './requests.ts';
import { openAgain, readThread } from './threads.ts';
import { joinContinuedTurns } from './turn-lists.ts';
import { beginTurn, forgetThread, tellRest } from './turns.ts';

type Fields = Record<string, unknown>;

/** Notes what an answer of the server means. @returns the line for the client. Undefined: it was an answer to us. */
export function noteAnswer(
  conversation: Conversation,
  { id, failed }: Extract<Message, { kind: 'response' }>,
  line: Buffer,
): Buffer | undefined {
  const { own, requests, ids, server } = conversation;
  if (own.isOwn(id)) {
    own.take(id, line);
    return undefined;
  }
  const request = takeRequest(requests, id);
  if (request === undefined) return line;
  if (failed) {
    noteRefusal(conversation, request);
    if (request.thread !== undefined) tellRest(conversation);
    return line;
  }
  noteSuccess(conversation, request, line);
  if (request.thread !== undefined) noteAnnounced(conversation, request.thread, line);
  if (!TURN_LISTS.has(request.method) || server === 0) return line;
  const answer = parseLine(line);
  return answer !== undefined && joinContinuedTurns(answer, ids) ? toLine(answer) : line;
}

/** The server has not done what the client wanted. */
function noteRefusal(
  { threads, processes, realtime }: Conversation,
  { method, params }: OpenRequest,
): void {
  if (params === undefined) return;
  const thread = threads.get(String(params.threadId));
  if (thread?.asked?.params === params) thread.asked = undefined;
  if (method === 'turn/interrupt' && thread?.turn !== undefined) thread.turn.isInterrupted = false;
  if (method === 'process/spawn') processes.delete(String(params.processHandle));
  if (method === 'thread/realtime/start') realtime.delete(String(params.threadId));
}

function noteSuccess(conversation: Conversation, request: OpenRequest, line: Buffer): void {
  const { threads, settings, host } = conversation;
  const { method, params } = request;
  if (params === undefined) return;
  const result = () => readObject(parseLine(line)?.result) ?? {};
  if (OPENING.has(method)) openThread(conversation, method, params, result());
  const key = keyOfSetting(method, params);
  if (key !== undefined) settings.set(key, { method, params });
  for (const ended of keysEndedBy(method, params)) settings.delete(ended);
  const thread = threads.get(String(params.threadId));
  switch (method) {
    case 'initialize':
      conversation.initialize = params;
      if (readClientName(params) !== '') host.named(readClientName(params));
      return;
    case 'turn/start':
    case 'thread/settings/update':
      if (thread !== undefined) noteChoices(thread, params);
      return;
    case 'review/start':
      return noteReview(conversation, params, result());
    case 'thread/inject_items':
      if (thread !== undefined) thread.hasRecord = true;
      return;
    case 'thread/unsubscribe':
      return forgetThread(conversation, String(params.threadId));
  }
}

/** The turn runs from now on: a server must not be ended between this answer and `turn/started`. */
function noteAnnounced(conversation: Conversation, threadId: string, line: Buffer): void {
  const result = readObject(parseLine(line)?.result);
  const { id, status } = readObject(result?.turn) ?? {};
  // A review may run in a thread of its own.
  const thread = readString(result?.reviewThreadId) ?? threadId;
  if (status !== 'inProgress' || conversation.threads.get(thread)?.lastTurn === id) return;
  beginTurn(conversation, thread, readString(id));
}

function openThread(
  { threads, host }: Conversation,
  method: string,
  params: Fields,
  result: Fields,
): void {
  const thread = readThread(result.thread, { method, params });
  if (thread === undefined) return;
  // Codex may announce a thread before it answers.
  const announced = threads.get(thread.id);
  if (announced === undefined) threads.set(thread.id, thread);
  else openAgain(announced, thread);
  if (method === 'thread/resume') host.opened(announced ?? thread);
}

/** A review may run in a thread of its own. There it is begun again as a review of that thread. */
function noteReview({ threads }: Conversation, params: Fields, result: Fields): void {
  const { threadId, ...what } = params;
  const reviewThreadId = readString(result.reviewThreadId);
  if (reviewThreadId === undefined || reviewThreadId === threadId) return;
  const [asking, reviewing] = [threads.get(String(threadId)), threads.get(reviewThreadId)];
  if (asking?.asked?.params === params) asking.asked = undefined;
  if (reviewing === undefined) return;
  const again = { ...what, threadId: reviewThreadId, delivery: 'inline' };
  const request = { method: 'review/start', params: again };
  if (reviewing.turn === undefined) reviewing.asked = request;
  else reviewing.turn.request ??= request;
}
