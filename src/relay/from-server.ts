import { readObject, readString } from '../codex/json.ts';
import { type Conversation, findHeldThread, threadIdOf } from './conversation.ts';
import { parseLine, type RequestId, readServerLine, toLine } from './message.ts';
import { REPEATED } from './methods.ts';
import { noteAnswer } from './note-answer.ts';
import { NOTES, paramsOf } from './notifications.ts';
import { questionIdForClient } from './requests.ts';
import { readThread } from './threads.ts';

type Fields = Record<string, unknown>;

/**
 * Takes a line of the server.
 * @returns the line for the client: the same bytes, unless an id in it must be another one. Undefined: the client does not get
 * it, or not yet.
 */
export function takeServerLine(conversation: Conversation, line: Buffer): Buffer | undefined {
  const message = readServerLine(line);
  switch (message.kind) {
    case 'notification':
      return takeNotification(conversation, message.method, line);
    case 'request': {
      const told = noteQuestion(conversation, message.id, line);
      return show(conversation, told, () => paramsOf(line));
    }
    case 'response': {
      conversation.pacer.answered();
      // An answer to the client's own question about a held thread has nothing of the failed turn.
      const told = noteAnswer(conversation, message, line);
      return told && conversation.ids.lineToClient(told);
    }
    case 'other':
      return conversation.ids.lineToClient(line);
  }
}

function takeNotification(
  conversation: Conversation,
  method: string,
  line: Buffer,
): Buffer | undefined {
  let read: Fields | undefined;
  const params = () => {
    read ??= paramsOf(line);
    return read;
  };
  const isKnown = isRepeated(conversation, method, params);
  const note = NOTES.get(method);
  const told = note === undefined ? line : note(conversation, params(), line);
  if (told === undefined || isKnown || conversation.optOuts.has(method)) return undefined;
  return show(conversation, told, params);
}

/** The line with the client's ids, unless it waits with its thread. */
function show(conversation: Conversation, line: Buffer, params: () => Fields): Buffer | undefined {
  const shown = conversation.ids.lineToClient(line);
  const held = conversation.holds.size === 0 ? undefined : findHeldThread(conversation, params());
  if (held === undefined) return shown;
  conversation.holds.get(held)?.push(shown);
  return undefined;
}

/** A later server counts its questions from 0 again, and the client has seen those ids. */
function noteQuestion(conversation: Conversation, asked: RequestId, line: Buffer): Buffer {
  const { questions, server } = conversation;
  const id = questionIdForClient(asked, server);
  questions.set(id, { id, asked, thread: threadIdOf(paramsOf(line)) });
  return id === asked ? line : toLine({ ...parseLine(line), id });
}

/** The client knows this already, because the last server has told it. */
function isRepeated(
  { phase, threads, server }: Conversation,
  method: string,
  params: () => Fields,
): boolean {
  if (PROMPT.has(method) && isRepeatedPrompt(threads, method, params)) return true;
  if (phase !== 'opening') {
    // The continued turn has begun for the client long ago.
    return QUIET.has(method) && threads.get(String(params().threadId))?.continues !== undefined;
  }
  if (!REPEATED.has(method)) return false;
  if (method === 'thread/started') return !isNewAgent(threads, params().thread);
  // A thread that goes on already tells news, while other threads are being opened.
  const thread = threads.get(readString(params().threadId) ?? '');
  return thread === undefined || thread.lastServer !== server;
}

/** The first turn of a thread that is not recorded is begun with its prompt again. The client has seen it. */
function isRepeatedPrompt(
  threads: Conversation['threads'],
  method: string,
  params: () => Fields,
): boolean {
  if (![...threads.values()].some(({ repeatsPrompt }) => repeatsPrompt)) return false;
  const { threadId, item } = params();
  const thread = threads.get(String(threadId));
  if (!thread?.repeatsPrompt || readObject(item)?.type !== 'userMessage') return false;
  thread.repeatsPrompt = method !== 'item/completed';
  return true;
}

const PROMPT = new Set(['item/started', 'item/completed']);

function isNewAgent(threads: Conversation['threads'], value: unknown): boolean {
  const thread = readThread(value, { method: 'thread/started', params: {} });
  return thread?.agent !== undefined && !threads.has(thread.id);
}

const QUIET = new Set(['turn/started', 'thread/status/changed']);
