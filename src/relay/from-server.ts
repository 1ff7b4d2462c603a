import { readLimitsReply } from '../codex/account-reply.ts';
import { parseJson, readObject, readString } from '../codex/json.ts';
import { classifyLimitText } from '../codex/limits.ts';
import { type Conversation, findHeldThread } from './conversation.ts';
import { type Message, parseLine, type RequestId, readServerLine, toLine } from './message.ts';
import { OPENING, REPEATED, TURN_LISTS } from './methods.ts';
import { questionIdForClient } from './requests.ts';
import { readFailure, readThread } from './threads.ts';
import { joinContinuedTurns } from './turn-lists.ts';
import { beginTurn, endTurn, holdThread, tellRest } from './turns.ts';

type Fields = Record<string, unknown>;

/**
 * Takes a line of the server.
 * @returns the line for the client: the same bytes, unless an id in it must be another one. Undefined: the client does not get
 * it, or not yet.
 */
export function takeServerLine(conversation: Conversation, line: Buffer): Buffer | undefined {
  const message = readServerLine(line);
  const told = noteMessage(conversation, message, line);
  if (told === undefined) return undefined;
  const shown = conversation.ids.lineToClient(told);
  // An answer to the client's own question about a held thread has nothing of the failed turn.
  const held = message.kind === 'response' ? undefined : findHeldThread(conversation, line);
  if (held === undefined) return shown;
  conversation.holds.get(held)?.push(shown);
  return undefined;
}

function noteMessage(
  conversation: Conversation,
  message: Message,
  line: Buffer,
): Buffer | undefined {
  switch (message.kind) {
    case 'response':
      return noteAnswer(conversation, message, line);
    case 'request':
      return noteQuestion(conversation, message.id, line);
    case 'notification': {
      const isKnown = isRepeated(conversation, message.method, line);
      const note = NOTES[message.method];
      const kept = note === undefined ? line : note(conversation, paramsOf(line), line);
      return isKnown ? undefined : kept;
    }
    case 'other':
      return line;
  }
}

function noteAnswer(
  conversation: Conversation,
  { id, failed }: Extract<Message, { kind: 'response' }>,
  line: Buffer,
): Buffer | undefined {
  const { own, requests, threads, host } = conversation;
  if (own.isOwn(id)) {
    own.take(id, line);
    return undefined;
  }
  const request = requests.get(id);
  requests.delete(id);
  if (request?.thread !== undefined && failed) tellRest(conversation);
  if (request === undefined || failed) return line;
  const { method, params = {} } = request;
  if (OPENING.has(method)) {
    const thread = readThread(readObject(parseLine(line)?.result)?.thread, { method, params });
    // Codex may announce a thread before it answers.
    const announced = thread && threads.get(thread.id);
    if (announced !== undefined) announced.opening = { method, params };
    else if (thread !== undefined) threads.set(thread.id, thread);
    if (thread !== undefined && method === 'thread/resume') host.opened(thread);
  }
  // The turn runs from now on: a server must not be ended between this answer and `turn/started`.
  if (request.thread !== undefined) noteAnnounced(conversation, request.thread, line);
  if (method === 'thread/unsubscribe') threads.delete(String(params.threadId));
  if (!TURN_LISTS.has(method) || conversation.server === 0) return line;
  const answer = parseLine(line);
  return answer !== undefined && joinContinuedTurns(answer, conversation.ids)
    ? toLine(answer)
    : line;
}

function noteAnnounced(conversation: Conversation, threadId: string, line: Buffer): void {
  const { id, status } = readObject(readObject(parseLine(line)?.result)?.turn) ?? {};
  if (status !== 'inProgress' || conversation.threads.get(threadId)?.lastTurn === id) return;
  beginTurn(conversation, threadId, readString(id));
}

/** A later server counts its questions from 0 again, and the client has seen those ids. */
function noteQuestion(conversation: Conversation, id: RequestId, line: Buffer): Buffer {
  const { questions, server } = conversation;
  const shown = questionIdForClient(id, server);
  questions.set(shown, { id: shown, thread: readString(paramsOf(line).threadId) });
  return shown === id ? line : toLine({ ...parseLine(line), id: shown });
}

/** While a successor is made ready, it tells what the client knows already. */
function isRepeated({ phase, threads }: Conversation, method: string, line: Buffer): boolean {
  if (phase === 'opening' && REPEATED.has(method)) return true;
  if (PROMPT.has(method)) return isRepeatedPrompt(threads, method, line);
  if (phase === 'opening') return false;
  if (!QUIET.has(method)) return false;
  // The continued turn has begun for the client long ago.
  const thread = threads.get(String(paramsOf(line).threadId));
  return thread?.continues !== undefined;
}

/** Codex up to 0.144 begins no turn without a prompt, and ends the turn in no other way (fact 133). */
const NEEDS_INPUT = 'input must not be empty';

/** The first turn of a thread that is not recorded is begun with its prompt again. The client has seen it. */
function isRepeatedPrompt(threads: Conversation['threads'], method: string, line: Buffer): boolean {
  if (![...threads.values()].some(({ repeatsPrompt }) => repeatsPrompt)) return false;
  const { threadId, item } = paramsOf(line);
  const thread = threads.get(String(threadId));
  if (!thread?.repeatsPrompt || readObject(item)?.type !== 'userMessage') return false;
  thread.repeatsPrompt = method !== 'item/completed';
  return true;
}

const PROMPT = new Set(['item/started', 'item/completed']);

const QUIET = new Set(['turn/started', 'thread/status/changed']);

type Note = (conversation: Conversation, params: Fields, line: Buffer) => Buffer | undefined;

const NOTES: Record<string, Note> = {
  'thread/started'({ threads }, params, line) {
    const thread = readThread(params.thread, { method: 'thread/started', params: {} });
    if (thread !== undefined && !threads.has(thread.id)) threads.set(thread.id, thread);
    return line;
  },
  'thread/closed'({ threads }, params, line) {
    threads.delete(String(params.threadId));
    return line;
  },
  'turn/started'(conversation, params, line) {
    beginTurn(conversation, String(params.threadId), readString(readObject(params.turn)?.id));
    return line;
  },
  'thread/status/changed'(conversation, params, line) {
    const isFailed = readObject(params.status)?.type === 'systemError';
    if (isFailed) holdThread(conversation, String(params.threadId));
    return line;
  },
  error(conversation, params, line) {
    const { beginWithPrompt } = conversation.threads.get(String(params.threadId)) ?? {};
    if (beginWithPrompt !== undefined && readFailure(params.error).message === NEEDS_INPUT) {
      beginWithPrompt();
      return undefined;
    }
    if (params.willRetry !== true && isAboutAccount(params.error)) {
      holdThread(conversation, String(params.threadId));
    }
    return line;
  },
  'turn/completed'(conversation, params, line) {
    const turn = readObject(params.turn);
    const failure = turn?.status === 'failed' ? readFailure(turn.error) : undefined;
    if (failure?.message === NEEDS_INPUT && conversation.server > 0) {
      return completeTurn(conversation, params, line);
    }
    const isOurs = failure !== undefined && isAboutAccount(turn?.error);
    endTurn(conversation, String(params.threadId), turn?.status, isOurs ? failure : undefined);
    return line;
  },
  'account/rateLimits/updated'(conversation, params, line) {
    const limits = readLimitsReply({ ok: true, result: params }, conversation.host.now() / 1000);
    conversation.limits = limits ?? conversation.limits;
    return line;
  },
  'thread/goal/updated'({ threads, holds }, params, line) {
    const id = String(params.threadId);
    const thread = threads.get(id);
    // A limit halts a goal (fact 66). The successor sets it again.
    if (thread === undefined || holds.has(id)) return line;
    thread.hasActiveGoal = readObject(params.goal)?.status === 'active';
    return line;
  },
  'process/exited'({ processes }, params, line) {
    processes.delete(String(params.processHandle));
    return line;
  },
  'thread/realtime/closed'({ realtime }, params, line) {
    realtime.delete(String(params.threadId));
    return line;
  },
  'serverRequest/resolved'({ questions, server }, params, line) {
    const { requestId } = params;
    if (typeof requestId !== 'string' && typeof requestId !== 'number') return line;
    const shown = questionIdForClient(requestId, server);
    questions.delete(shown);
    if (shown === requestId) return line;
    return toLine({ ...parseLine(line), params: { ...params, requestId: shown } });
  },
};

/** The turn has ended well: its error is that of our first try to begin it, which Codex up to 0.144 keeps (fact 133). */
function completeTurn(conversation: Conversation, params: Fields, line: Buffer): Buffer {
  endTurn(conversation, String(params.threadId), 'completed', undefined);
  const turn = { ...readObject(params.turn), status: 'completed', error: null };
  return toLine({ ...parseLine(line), params: { ...params, turn } });
}

/** The errors that another account may not have. The record decides; this only holds the end of the turn until it is read. */
function isAboutAccount(error: unknown): boolean {
  const { info, message } = readFailure(error);
  return (
    info === 'usageLimitExceeded' ||
    message.includes('invalid_encrypted_content') ||
    classifyLimitText(message) !== undefined
  );
}

function paramsOf(line: Buffer): Fields {
  return readObject(readObject(parseJson(line.toString('utf8')))?.params) ?? {};
}
