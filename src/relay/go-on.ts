import { readObject, readString } from '../codex/json.ts';
import type { Conversation } from './conversation.ts';
import { deliverThread, deliverWithoutFailure } from './holds.ts';
import { CUT_OFF } from './lost-server.ts';
import type { OwnAnswer } from './own-requests.ts';
import { continuationOf } from './reopening.ts';
import type { OpenThread, OpenTurn, TurnRequest } from './threads.ts';
import { tellInterrupted } from './turns.ts';

/** The successor goes on with the failed turn of a thread that it has opened. */
export async function goOn(
  conversation: Conversation,
  thread: OpenThread,
  { goesOn, prompt }: { goesOn: boolean; prompt: string },
): Promise<void> {
  const failed = thread.turn;
  if (failed?.failure === undefined || !conversation.holds.has(thread.id)) return;
  const forbidden = conversation.host.forbids(thread.cwd);
  if (forbidden !== undefined) return giveUpTurn(conversation, thread, forbidden);
  if (!goesOn && failed.failure.info !== CUT_OFF) {
    deliverThread(conversation, thread.id);
    thread.turn = undefined;
    return;
  }
  // Set before the request: Codex may refuse the turn before it answers.
  thread.beginWithPrompt = () => {
    thread.beginWithPrompt = undefined;
    void beginAgain(conversation, thread, failed, textOf(prompt));
  };
  thread.repeatsPrompt = thread.firstInput !== undefined;
  await beginAgain(conversation, thread, failed, thread.firstInput ?? []);
}

function beginAgain(
  conversation: Conversation,
  thread: OpenThread,
  failed: OpenTurn,
  input: readonly object[],
): Promise<OwnAnswer> {
  const { own, ids, holds } = conversation;
  const held = holds.get(thread.id)?.length ?? 0;
  Object.assign(thread, { asked: failed.request, continues: failed.id });
  const { method, params } = requestOf(thread, failed, input);
  return own.ask(method, params, (answer) => {
    // The server has ended. Its successor goes on with the turn.
    if (conversation.phase === 'ended') return;
    if (!answer.ok) return giveUpTurn(conversation, thread, answer.message);
    const begun = readString(readObject(answer.result.turn)?.id);
    if (begun !== undefined && begun !== failed.id) ids.link(begun, failed.id);
    // It runs, also before it is announced. The client never sees the end of the failed turn.
    if (thread.turn === failed) thread.turn = withoutFailure(failed);
    deliverWithoutFailure(conversation, thread.id, held, method === 'review/start');
    if (thread.hasActiveGoal) {
      void own.ask('thread/goal/set', { threadId: thread.id, status: 'active' });
    }
  });
}

function requestOf(
  thread: OpenThread,
  { request }: OpenTurn,
  input: readonly object[],
): TurnRequest {
  switch (request?.method) {
    case 'review/start':
    case 'thread/compact/start':
      return { method: request.method, params: { ...request.params, threadId: thread.id } };
    default:
      return { method: 'turn/start', params: continuationOf(thread.id, request, input) };
  }
}

function withoutFailure({ failure: _, isInterrupted: _i, ...turn }: OpenTurn): OpenTurn {
  return turn;
}

function textOf(prompt: string): object[] {
  return [{ type: 'text', text: prompt, text_elements: [] }];
}

/** The turn cannot go on. The client gets its end as the last server has told it; a turn that was cut off is interrupted. */
export function giveUpTurn(conversation: Conversation, thread: OpenThread, why: string): void {
  const { holds, host } = conversation;
  const { turn } = thread;
  host.note(`the thread ${thread.id} could not go on: ${why}`);
  const isTold = holds.get(thread.id)?.some((line) => line.includes('"turn/completed"'));
  deliverThread(conversation, thread.id);
  if (turn !== undefined && !isTold) tellInterrupted(conversation, thread, turn);
  Object.assign(thread, { turn: undefined, asked: undefined });
  Object.assign(thread, { continues: undefined, beginWithPrompt: undefined });
}
