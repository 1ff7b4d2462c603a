import type { Conversation } from './conversation.ts';
import { tellClient } from './conversation.ts';
import { sendWaiting } from './from-client.ts';
import { giveUpTurn, goOn } from './go-on.ts';
import { toLine } from './message.ts';
import type { OwnAnswer } from './own-requests.ts';
import { reopeningOf } from './reopening.ts';
import { tellAccount } from './tell-account.ts';
import { type OpenThread, readThread } from './threads.ts';
import { forgetThread, listFailed } from './turns.ts';

export interface SuccessorQuestion {
  /** The failed turns go on. False: the client gets their ends. */
  goesOn: boolean;
  /** The prompt for a Codex that begins no turn without one (fact 133). */
  prompt: string;
}

/**
 * A new server was started for the conversation: it gets everything that the last one knew. Whatever it refuses, the client's
 * lines go to it afterwards, and each failed turn has gone on or has its end.
 */
export async function openSuccessor(
  conversation: Conversation,
  question: SuccessorQuestion,
): Promise<{ refusal?: string }> {
  conversation.server += 1;
  conversation.phase = 'opening';
  const { server } = conversation;
  // It may end while it is being asked. Then its client gets nothing more.
  const isGone = () => conversation.server !== server || conversation.phase !== 'opening';
  const introduced = await introduceClient(conversation);
  const refusals: string[] = introduced.ok ? [] : [introduced.message];
  // A server that does not answer is not asked again: each question costs its time.
  let useless = introduced.ok ? undefined : introduced;
  for (const thread of listInOrder(conversation)) {
    if (isGone()) return { refusal: 'codex has ended' };
    if (conversation.threads.get(thread.id) !== thread) continue;
    const answer = useless ?? (await openThread(conversation, thread));
    if (isGone()) return { refusal: 'codex has ended' };
    if (answer.ok) {
      await goOn(conversation, thread, question);
      continue;
    }
    if (answer.isSilent) useless = answer;
    refusals.push(answer.message);
    giveUpThread(conversation, thread, answer.message);
  }
  if (isGone()) return { refusal: 'codex has ended' };
  conversation.phase = 'open';
  sendWaiting(conversation);
  tellAccount(conversation);
  return refusals[0] === undefined ? {} : { refusal: refusals[0] };
}

/** The threads that wait come first: each of the others costs time. */
function listInOrder(conversation: Conversation): OpenThread[] {
  const failed = listFailed(conversation);
  const others = [...conversation.threads.values()].filter((thread) => !failed.includes(thread));
  return [...failed, ...others];
}

/** A client that has not introduced itself does so itself. */
async function introduceClient({
  own,
  host,
  initialize,
  settings,
}: Conversation): Promise<OwnAnswer> {
  if (initialize === undefined) return { ok: true, result: {} };
  const answer = await own.ask('initialize', initialize);
  if (!answer.ok) return answer;
  host.toServer(toLine({ method: 'initialized' }));
  for (const { method, params } of settings.values()) void own.ask(method, params);
  return answer;
}

async function openThread(conversation: Conversation, thread: OpenThread): Promise<OwnAnswer> {
  const request = reopeningOf(thread);
  if (request === undefined) {
    return { ok: false, message: 'the thread is not recorded', isSilent: false };
  }
  const { own } = conversation;
  const { excludeTurns, ...stable } = request.params;
  const taken = (answer: OwnAnswer) => {
    const now = answer.ok && readThread(answer.result.thread, thread.opening);
    if (now && now.id !== thread.id) renameThread(conversation, thread, now.id);
  };
  const answer = await own.ask(request.method, request.params, taken);
  // Up to 0.150 this parameter needs a capability that the client may not have declared (fact 134).
  if (answer.ok || answer.isSilent || !excludeTurns) return answer;
  return own.ask(request.method, stable, taken);
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

/** The successor does not have the thread. The client gets the end of its failed turn, and learns that the thread is closed. */
function giveUpThread(conversation: Conversation, thread: OpenThread, why: string): void {
  giveUpTurn(conversation, thread, why);
  forgetThread(conversation, thread.id);
  tellClient(conversation, { method: 'thread/closed', params: { threadId: thread.id } });
}
