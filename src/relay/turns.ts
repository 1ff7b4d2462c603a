import { readObject } from '../codex/json.ts';
import { type Conversation, tellClient } from './conversation.ts';
import { parseLine } from './message.ts';
import type { OpenThread, TurnFailure } from './threads.ts';

/** A held turn whose end does not come within this time is none of ours, milliseconds. */
const HOLD_MS = 2000;

/** A turn of a thread has begun. */
export function beginTurn(
  { threads, ids, host }: Conversation,
  threadId: string,
  turnId: string | undefined,
): void {
  const thread = threads.get(threadId);
  if (thread === undefined || turnId === undefined || thread.turn?.id === turnId) return;
  if (thread.continues !== undefined) ids.link(turnId, thread.continues);
  const isFirst = thread.lastTurn === undefined;
  thread.turn = { id: turnId, beganAt: host.now(), request: thread.asked };
  thread.lastTurn = turnId;
  Object.assign(thread, { asked: undefined, continues: undefined });
  if (isFirst && !thread.isEphemeral) host.opened(thread);
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
  thread.beginWithPrompt = undefined;
  if (failure === undefined) {
    thread.turn = undefined;
    thread.firstInput = undefined;
    // Without a failure there is nothing to decide.
    if (conversation.holds.has(threadId)) deliverThread(conversation, threadId);
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

/** From now on lines about the thread wait. */
export function holdThread(conversation: Conversation, threadId: string): void {
  const { threads, holds, host } = conversation;
  if (!threads.has(threadId) || holds.has(threadId)) return;
  holds.set(threadId, []);
  const { turn } = threads.get(threadId) as OpenThread;
  host.after(HOLD_MS, () => {
    const { turn: now } = threads.get(threadId) ?? {};
    if (now === turn && now?.failure === undefined) deliverThread(conversation, threadId);
  });
}

/** The client gets what was held for a thread, unchanged and in order. */
export function deliverThread({ holds, host }: Conversation, threadId: string): void {
  const lines = holds.get(threadId);
  holds.delete(threadId);
  if (lines !== undefined && lines.length > 0) host.toClient(Buffer.concat(lines));
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
  const { holds } = conversation;
  const end = holds.get(thread.id)?.findLast((line) => line.includes('"turn/completed"'));
  holds.delete(thread.id);
  const message = end && parseLine(end);
  const params = readObject(message?.params);
  if (params !== undefined) {
    const turn = { ...readObject(params.turn), status: 'interrupted', error: null };
    const status = { threadId: thread.id, status: { type: 'idle' } };
    tellClient(conversation, { method: 'thread/status/changed', params: status });
    tellClient(conversation, { ...message, params: { ...params, turn } });
  }
  thread.turn = undefined;
}

/** Whether another turn than the held ones runs, or is being begun. */
export function hasRunningTurn({ threads, requests }: Conversation): boolean {
  return (
    [...threads.values()].some(({ turn }) => turn !== undefined && turn.failure === undefined) ||
    [...requests.values()].some(({ thread }) => thread !== undefined)
  );
}

/** Tells it when no turn runs. */
export function tellRest(conversation: Conversation): void {
  if (conversation.holds.size > 0 || hasRunningTurn(conversation)) return;
  conversation.host.atRest(conversation.limits);
}
