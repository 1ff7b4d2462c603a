import { readObject } from '../codex/json.ts';
import {
  type Conversation,
  findHeldThread,
  keepWaiting,
  tellWaiting,
  threadIdOf,
} from './conversation.ts';
import { refuseForbidden } from './forbidden-work.ts';
import { type Message, parseLine, type RequestId, readMessage, toLine } from './message.ts';
import { afterLostServer, SEND_AGAIN } from './methods.ts';
import { noteRequest } from './note-request.ts';
import { openForNotices } from './opt-outs.ts';
import { hasId } from './threads.ts';
import { interruptHeld } from './turns.ts';

type Fields = Record<string, unknown>;
type Request = Extract<Message, { kind: 'request' }>;

/** When so many bytes wait for a decision about a thread, the next request about it is refused. */
const MOST_WAITING = 4 * 1024 * 1024;

/** Takes a line of the client: it goes to the server, or it waits. */
export function takeClientLine(conversation: Conversation, line: Buffer): void {
  openForNotices(conversation);
  const parsed = parseLine(line);
  const message = readMessage(parsed);
  if (message.kind === 'response') return answerQuestion(conversation, message.id, line, parsed);
  if (message.kind === 'request' && endsHeldTurn(conversation, message, parsed)) return;
  if (conversation.phase !== 'open') return keepWaiting(conversation, line);
  if (message.kind !== 'other' && mustWait(conversation, message.method, line)) {
    return keepOrRefuse(conversation, message, line);
  }
  const params = readObject(parsed?.params) ?? {};
  if (message.kind === 'request' && refuseForbidden(conversation, message, params)) return;
  const told = message.kind === 'request' ? noteRequest(conversation, message, parsed, line) : line;
  conversation.pacer.send(conversation.ids.lineToServer(told), message.kind === 'request');
}

/** The lines that have waited go on. Some may have to wait again. */
export function sendWaiting(conversation: Conversation): void {
  const lines = conversation.waiting;
  Object.assign(conversation, { waiting: [], waitingBytes: 0, isReleased: false });
  conversation.pacer.burst(() => {
    for (const line of lines) takeClientLine(conversation, line);
  });
  tellWaiting(conversation);
}

/**
 * Requests that only read are answered by the server that lives. The others wait for a decision about their thread. A server that
 * is to end gets only what is about a turn that still runs.
 */
function mustWait(conversation: Conversation, method: string, line: Buffer): boolean {
  const { holds, isEnding, threads, ids } = conversation;
  if ((holds.size === 0 && !isEnding) || afterLostServer(method) === 'replay') return false;
  const params = readObject(parseLine(ids.lineToServer(line))?.params) ?? {};
  if (findHeldThread(conversation, params) !== undefined) return true;
  return isEnding && threads.get(threadIdOf(params) ?? '')?.turn === undefined;
}

/** A session may wait for an account for hours, and the client goes on to be read. */
function keepOrRefuse(conversation: Conversation, message: Message, line: Buffer): void {
  if (message.kind === 'request' && conversation.waitingBytes >= MOST_WAITING) {
    conversation.host.toClient(toLine({ id: message.id, error: SEND_AGAIN }));
  } else {
    keepWaiting(conversation, line);
  }
}

/** The client wants to end a turn that waits for another account. There is nothing left to end but the wait. */
function endsHeldTurn(
  conversation: Conversation,
  { id, method }: Request,
  parsed: Fields | undefined,
): boolean {
  if (method !== 'turn/interrupt') return false;
  const { threadId, turnId } = readObject(parsed?.params) ?? {};
  const { threads, ids, holds, host, phase } = conversation;
  const thread = threads.get(ids.toCurrent(String(threadId)));
  if (thread?.turn?.failure === undefined || !holds.has(thread.id)) return false;
  // A successor was asked to go on with the turn. It will get this request, too.
  if (thread.continues !== undefined) return false;
  if (turnId !== undefined && !hasId(thread.turn, ids.toCurrent(String(turnId)))) return false;
  host.toClient(toLine({ id, result: {} }));
  interruptHeld(conversation, thread);
  host.interrupted();
  // What has waited for this thread must not come after what follows now.
  if (phase === 'open') sendWaiting(conversation);
  return true;
}

/** The answer to an approval goes to the server that has asked. An answer to an ended server goes nowhere. */
function answerQuestion(
  { questions, server, phase, host, ids }: Conversation,
  id: RequestId,
  line: Buffer,
  parsed: Fields | undefined,
): void {
  const question = questions.get(id);
  questions.delete(id);
  if (phase === 'ended') return;
  if (question !== undefined && question.asked !== id) {
    return host.toServer(ids.lineToServer(toLine({ ...parsed, id: question.asked })));
  }
  // The first server gets every answer, also one to a question that it has taken back: it decides as without us.
  if (question !== undefined || server === 0) host.toServer(ids.lineToServer(line));
}
