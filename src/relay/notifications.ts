import { readLimitsReply } from '../codex/account-reply.ts';
import { FOREIGN_REASONING } from '../codex/foreign-reasoning.ts';
import { parseJson, readObject, readString } from '../codex/json.ts';
import { classifyLimitText } from '../codex/limits.ts';
import type { Conversation } from './conversation.ts';
import { holdThread } from './holds.ts';
import { parseLine, toLine } from './message.ts';
import { questionIdForClient } from './requests.ts';
import { readFailure, readStartedAgent, readThread } from './threads.ts';
import { beginTurn, endTurn, forgetThread } from './turns.ts';

type Fields = Record<string, unknown>;

/** Codex up to 0.144 begins no turn without a prompt, and ends the turn in no other way (fact 133). */
const NEEDS_INPUT = 'input must not be empty';

/** Notes what a notification means. @returns the line for the client. Undefined: the client does not get it. */
type Note = (conversation: Conversation, params: Fields, line: Buffer) => Buffer | undefined;

const notes: Record<string, Note> = {
  'thread/started'({ threads }, params, line) {
    const thread = readThread(params.thread, { method: 'thread/started', params: {} });
    if (thread !== undefined && !threads.has(thread.id)) threads.set(thread.id, thread);
    return line;
  },
  'thread/closed': forget,
  'thread/archived': forget,
  'thread/deleted': forget,
  'turn/started'(conversation, params, line) {
    const threadId = String(params.threadId);
    const turnId = readString(readObject(params.turn)?.id);
    if (turnId === undefined || beginReview(conversation, threadId, turnId)) return line;
    beginTurn(conversation, threadId, turnId);
    return line;
  },
  'item/started'({ threads }, params, line) {
    const threadId = String(params.threadId);
    const item = readObject(params.item);
    const thread = threads.get(threadId);
    // The model has begun to work. What it has done must not be done again.
    if (thread?.isEphemeral && item?.type !== 'userMessage') thread.firstInput = undefined;
    const agent = readStartedAgent(item, threadId);
    if (agent !== undefined && !threads.has(agent.id)) threads.set(agent.id, agent);
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
  'account/updated'(conversation, _, line) {
    conversation.toldAccount = conversation.server;
    return line;
  },
  'account/rateLimits/updated'(conversation, params, line) {
    const limits = readLimitsReply({ ok: true, result: params }, conversation.host.now() / 1000);
    conversation.limits = limits ?? conversation.limits;
    return line;
  },
  'thread/goal/updated'(conversation, params, line) {
    const id = String(params.threadId);
    const thread = conversation.threads.get(id);
    const status = readObject(params.goal)?.status;
    // A limit halts a goal before it ends the turn (facts 66, 142). The successor sets the goal again.
    if (status === 'usageLimited' && thread?.turn !== undefined) holdThread(conversation, id);
    if (thread === undefined || conversation.holds.has(id)) return line;
    thread.hasActiveGoal = status === 'active';
    return line;
  },
  'thread/goal/cleared'({ threads }, params, line) {
    const thread = threads.get(String(params.threadId));
    if (thread !== undefined) thread.hasActiveGoal = false;
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

/** Method → what its notifications mean for the relay. All others pass. */
export const NOTES: ReadonlyMap<string, Note> = new Map(Object.entries(notes));

/** The `params` of a message; no members when it has none. */
export function paramsOf(line: Buffer): Fields {
  return readObject(readObject(parseJson(line.toString('utf8')))?.params) ?? {};
}

/** A review announces its turn with another id than its answer, its items and its end have (fact 142). */
function beginReview(conversation: Conversation, threadId: string, announced: string): boolean {
  const { threads, ids } = conversation;
  const thread = threads.get(threadId);
  const turn = thread?.turn;
  if (turn?.request?.method !== 'review/start' || turn.failure !== undefined) return false;
  beginTurn(conversation, threadId, ids.toCurrent(ids.toKnown(turn.id)));
  if (turn.announced !== undefined) ids.link(announced, turn.announced);
  if (thread?.turn !== undefined) thread.turn.announced = announced;
  return true;
}

function forget(conversation: Conversation, params: Fields, line: Buffer): Buffer {
  forgetThread(conversation, String(params.threadId));
  return line;
}

/**
 * The error of the turn is that of our first try to begin it, which Codex up to 0.144 keeps (fact 133). The turn has met the
 * limit again if an error is held, and has ended well if not.
 */
function completeTurn(conversation: Conversation, params: Fields, line: Buffer): Buffer {
  const threadId = String(params.threadId);
  const held = conversation.holds.get(threadId) ?? [];
  const refusal = held.map(parseLine).findLast((message) => message?.method === 'error');
  const error = refusal === undefined ? null : readObject(refusal.params)?.error;
  const status = refusal === undefined ? 'completed' : 'failed';
  endTurn(conversation, threadId, status, refusal && readFailure(error));
  const turn = { ...readObject(params.turn), status, error };
  return toLine({ ...parseLine(line), params: { ...params, turn } });
}

/** The errors that another account may not have. The record decides; this only holds the end of the turn until it is read. */
function isAboutAccount(error: unknown): boolean {
  const { info, message } = readFailure(error);
  return (
    info === 'usageLimitExceeded' ||
    message.includes(FOREIGN_REASONING) ||
    classifyLimitText(message) !== undefined
  );
}
