import { readObject } from '../codex/json.ts';
import { type Conversation, tellClient } from './conversation.ts';
import { deliverThread, deliverWithoutFailure, holdThread } from './holds.ts';
import { parseLine } from './message.ts';
import type { OpenThread, OpenTurn, TurnFailure } from './threads.ts';

/** A turn of a thread has begun. */
export function beginTurn(
  { threads, ids, host, server }: Conversation,
  threadId: string,
  turnId: string | undefined,
): void {
  const thread = threads.get(threadId);
  if (thread === undefined || turnId === undefined || thread.turn?.id === turnId) return;
  if (thread.continues !== undefined) ids.link(turnId, thread.continues);
  const isFirst = thread.lastTurn === undefined;
  thread.turn = { id: turnId, beganAt: host.now(), request: thread.asked };
  Object.assign(thread, { lastTurn: turnId, lastServer: server });
  Object.assign(thread, { asked: undefined, continues: undefined });
  if (isFirst && !thread.isEphemeral && thread.agent === undefined) host.opened(thread);
  host.turnBegan(thread);
}

/** A turn of a thread has ended. @param failure set when its account may be the reason. */
export function endTurn(
  conversation: Conversation,
  threadId: string,
  status: unknown,
  failure: TurnFailure | undefined,
): void {
  const { threads, host } = conversation;
  const thread = threads.get(threadId);
  const { turn } = thread ?? {};
  if (thread === undefined || turn === undefined) return;
  Object.assign(thread, { beginWithPrompt: undefined, continues: undefined });
  // The client wants its turn to end, not to go on.
  if (failure === undefined || turn.isInterrupted) {
    Object.assign(thread, { turn: undefined, firstInput: undefined });
    // There is nothing to decide.
    deliverThread(conversation, threadId);
    if (status === 'completed') host.turnSucceeded(thread, turn.beganAt);
    tellRest(conversation);
    return;
  }
  turn.failure = failure;
  if (thread.agent !== undefined) {
    thread.turn = undefined;
    deliverThread(conversation, threadId);
    host.agentFailed(thread, turn);
    return tellRest(conversation);
  }
  holdThread(conversation, threadId);
  host.turnFailed();
}

/** The server does not have the thread open any more. */
export function forgetThread(conversation: Conversation, threadId: string): void {
  deliverThread(conversation, threadId);
  conversation.threads.delete(threadId);
  conversation.realtime.delete(threadId);
}

/** The threads whose failed turn is held. */
export function listFailed({ threads, holds }: Conversation): OpenThread[] {
  return [...threads.values()].filter(
    ({ id, turn }) => turn?.failure !== undefined && holds.has(id),
  );
}

/** Nothing will be done about the failed turns. */
export function deliverHeld(conversation: Conversation): void {
  for (const thread of listFailed(conversation)) {
    deliverThread(conversation, thread.id);
    thread.turn = undefined;
  }
}

/** The client has ended a turn that is held. For the client the turn ends now. */
export function interruptHeld(conversation: Conversation, thread: OpenThread): void {
  const held = conversation.holds.get(thread.id) ?? [];
  const end = held.findLast((line) => line.includes('"turn/completed"'));
  const told = readObject(readObject(end && parseLine(end))?.params);
  deliverWithoutFailure(conversation, thread.id, held.length);
  if (thread.turn !== undefined) tellInterrupted(conversation, thread, thread.turn, told?.turn);
  thread.turn = undefined;
}

/** For the client the turn ends now, as interrupted. @param told what the server has told of its end. */
export function tellInterrupted(
  conversation: Conversation,
  { id: threadId }: OpenThread,
  { id }: OpenTurn,
  told?: unknown,
): void {
  const nothing = { id, items: [], itemsView: 'notLoaded' };
  const turn = { ...(readObject(told) ?? nothing), status: 'interrupted', error: null };
  const idle = { threadId, status: { type: 'idle' } };
  tellClient(conversation, { method: 'thread/status/changed', params: idle });
  tellClient(conversation, { method: 'turn/completed', params: { threadId, turn } });
}

/** Whether another turn than the held ones runs, or is being begun. */
export function hasRunningTurn({ threads, requests }: Conversation): boolean {
  return (
    [...threads.values()].some(({ turn }) => turn !== undefined && turn.failure === undefined) ||
    [...requests.values()].flat().some(({ thread }) => thread !== undefined)
  );
}

/** Tells it when no turn runs. */
export function tellRest(conversation: Conversation): void {
  if (conversation.holds.size > 0 || hasRunningTurn(conversation)) return;
  conversation.host.atRest(conversation.limits);
}
