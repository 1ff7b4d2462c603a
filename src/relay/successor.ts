import { readObject, readString } from '../codex/json.ts';
import { type Conversation, tellClient } from './conversation.ts';
import { sendWaiting } from './from-client.ts';
import { CUT_OFF } from './lost-server.ts';
import { toLine } from './message.ts';
import type { OwnAnswer } from './own-requests.ts';
import { continuationOf, type OpenThread, readThread, reopeningOf } from './threads.ts';
import { deliverThread, listFailed } from './turns.ts';

export interface SuccessorQuestion {
  /** The failed turns go on. False: the client gets their ends. */
  goesOn: boolean;
  /** The prompt for a Codex that begins no turn without one (fact 133). */
  prompt: string;
}

/** A new server was started for the conversation: it gets everything that the last one knew. */
export async function openSuccessor(
  conversation: Conversation,
  question: SuccessorQuestion,
): Promise<{ refusal?: string }> {
  conversation.server += 1;
  conversation.phase = 'opening';
  const refusal = await introduceClient(conversation);
  if (refusal !== undefined) return { refusal };
  const failed = listFailed(conversation);
  const threads = [...conversation.threads.values()].filter((thread) => thread.agent === undefined);
  const refusals: string[] = [];
  // The threads that wait come first: each of the others costs time.
  for (const thread of [...failed, ...threads.filter((thread) => !failed.includes(thread))]) {
    const refused = await openThread(conversation, thread);
    const isWaiting = thread.turn?.failure !== undefined && conversation.holds.has(thread.id);
    if (refused !== undefined) {
      refusals.push(refused);
      giveUpThread(conversation, thread, refused);
    } else if (isWaiting) {
      await goOn(conversation, thread, question);
    }
  }
  conversation.phase = 'open';
  sendWaiting(conversation);
  return refusals[0] === undefined ? {} : { refusal: refusals[0] };
}

/** @returns the words of a server that refuses. */
async function introduceClient({
  own,
  host,
  initialize,
  settings,
}: Conversation): Promise<string | undefined> {
  const answer = await own.ask('initialize', initialize ?? {});
  if (!answer.ok) return answer.message;
  host.toServer(toLine({ method: 'initialized' }));
  // A setting that the successor does not take was perhaps not taken by the server before.
  for (const { method, params } of settings.values()) void own.ask(method, params);
  return undefined;
}

/** @returns why the thread could not be opened. */
async function openThread(
  conversation: Conversation,
  thread: OpenThread,
): Promise<string | undefined> {
  const request = reopeningOf(thread);
  if (request === undefined) return 'the thread is not recorded';
  const { own } = conversation;
  const { excludeTurns, ...stable } = request.params;
  let answer = await own.ask(request.method, request.params);
  // Up to 0.150 this parameter needs a capability that the client may not have declared (fact 134).
  if (!answer.ok && excludeTurns) answer = await own.ask(request.method, stable);
  if (!answer.ok) return answer.message;
  const now = readThread(answer.result.thread, thread.opening);
  if (now !== undefined && now.id !== thread.id) renameThread(conversation, thread, now.id);
  return undefined;
}

/** The client goes on to see the id that it knows. */
export function renameThread(
  { threads, ids, holds }: Conversation,
  thread: OpenThread,
  id: string,
): void {
  ids.link(id, thread.id);
  const held = holds.get(thread.id);
  holds.delete(thread.id);
  threads.delete(thread.id);
  thread.id = id;
  threads.set(id, thread);
  if (held !== undefined) holds.set(id, held);
}

async function goOn(
  conversation: Conversation,
  thread: OpenThread,
  { goesOn, prompt }: SuccessorQuestion,
): Promise<void> {
  const { turn } = thread;
  if (turn === undefined) return;
  const forbidden = conversation.host.forbids(thread.cwd);
  if (forbidden !== undefined) return giveUpThread(conversation, thread, forbidden);
  if (!goesOn && turn.failure?.info !== CUT_OFF) {
    deliverThread(conversation, thread.id);
    thread.turn = undefined;
    return;
  }
  const held = conversation.holds.get(thread.id);
  thread.continues = turn.id;
  thread.repeatsPrompt = thread.firstInput !== undefined;
  const answer = await beginAgain(conversation, thread, thread.firstInput ?? []);
  if (!answer.ok) return giveUpThread(conversation, thread, answer.message);
  thread.beginWithPrompt = () => {
    conversation.holds.delete(thread.id);
    thread.continues = turn.id;
    void beginAgain(conversation, thread, textOf(prompt));
  };
  // What was held up to now is the end of the failed turn. The client never sees it.
  if (conversation.holds.get(thread.id) === held) conversation.holds.delete(thread.id);
}

async function beginAgain(
  conversation: Conversation,
  thread: OpenThread,
  input: readonly object[],
): Promise<OwnAnswer> {
  const { own, ids } = conversation;
  const { request, id: failedId } = thread.turn ?? { request: undefined, id: '' };
  thread.asked = request;
  const ask = () => {
    switch (request?.method) {
      case 'review/start':
      case 'thread/compact/start':
        return own.ask(request.method, { ...request.params, threadId: thread.id });
      default:
        return own.ask('turn/start', continuationOf(thread, input));
    }
  };
  const answer = await ask();
  const begun = answer.ok ? readString(readObject(answer.result.turn)?.id) : undefined;
  if (begun !== undefined && begun !== failedId) ids.link(begun, failedId);
  if (answer.ok && thread.hasActiveGoal) {
    void own.ask('thread/goal/set', { threadId: thread.id, status: 'active' });
  }
  return answer;
}

function textOf(prompt: string): object[] {
  return [{ type: 'text', text: prompt, text_elements: [] }];
}

/** The thread cannot go on. The client gets the end of its failed turn, or learns that the thread is closed. */
function giveUpThread(conversation: Conversation, thread: OpenThread, why: string): void {
  const { threads, holds, host } = conversation;
  const held = holds.get(thread.id) ?? [];
  host.note(`the thread ${thread.id} could not go on: ${why}`);
  deliverThread(conversation, thread.id);
  const { turn } = thread;
  if (turn !== undefined && held.length === 0) tellCutOff(conversation, thread, turn.id);
  Object.assign(thread, { turn: undefined, continues: undefined, asked: undefined });
  if (conversation.phase !== 'opening' || reopeningOf(thread) !== undefined) return;
  threads.delete(thread.id);
  tellClient(conversation, { method: 'thread/closed', params: { threadId: thread.id } });
}

/** The turn of another thread ended with the last server. */
function tellCutOff(conversation: Conversation, { id: threadId }: OpenThread, id: string): void {
  const turn = { id, items: [], itemsView: 'notLoaded', status: 'interrupted', error: null };
  tellClient(conversation, {
    method: 'thread/status/changed',
    params: { threadId, status: { type: 'idle' } },
  });
  tellClient(conversation, { method: 'turn/completed', params: { threadId, turn } });
}
