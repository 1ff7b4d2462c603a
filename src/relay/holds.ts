import type { Conversation } from './conversation.ts';
import { readServerLine } from './message.ts';
import { OF_A_FAILURE } from './methods.ts';

/** A held turn whose end does not come within this time is none of ours, milliseconds. */
const HOLD_MS = 2000;

/** From now on lines about the thread wait. */
export function holdThread(conversation: Conversation, threadId: string): void {
  const { threads, holds, host } = conversation;
  if (!threads.has(threadId) || holds.has(threadId)) return;
  const lines: Buffer[] = [];
  holds.set(threadId, lines);
  host.after(HOLD_MS, () => {
    // The thread may have another id now, and this hold may have ended.
    const [id] = [...holds].find(([, held]) => held === lines) ?? [];
    if (id === undefined || conversation.phase !== 'open') return;
    if (threads.get(id)?.turn?.failure === undefined) deliverThread(conversation, id);
  });
}

/** The client gets what was held for a thread, unchanged and in order. */
export function deliverThread(conversation: Conversation, threadId: string): void {
  const lines = takeHold(conversation, threadId);
  const thread = conversation.threads.get(threadId);
  // The limit has halted the goal, and the client is told: it is the client's to set active again.
  if (thread !== undefined && lines.some(tellsGoal)) thread.hasActiveGoal = false;
  if (lines.length > 0) conversation.host.toClient(Buffer.concat(lines));
}

function tellsGoal(line: Buffer): boolean {
  const message = readServerLine(line);
  return message.kind === 'notification' && message.method === 'thread/goal/updated';
}

/**
 * The failed turn goes on: the client gets what was held, but for the end of the turn.
 * @param failed how many of the lines are of the server at which the turn has failed.
 * @param isBegunAgain its last items tell of its failure, too: Codex ends a review with “Review was interrupted”
 * (fact 142).
 */
export function deliverWithoutFailure(
  conversation: Conversation,
  threadId: string,
  failed: number,
  isBegunAgain = false,
): void {
  for (const [at, line] of takeHold(conversation, threadId).entries()) {
    const message = readServerLine(line);
    const method = message.kind === 'notification' ? message.method : '';
    const isOfFailure = OF_A_FAILURE.has(method) || (isBegunAgain && method.startsWith('item/'));
    if (at >= failed || !isOfFailure) conversation.host.toClient(line);
  }
}

function takeHold(conversation: Conversation, threadId: string): Buffer[] {
  const lines = conversation.holds.get(threadId);
  if (lines === undefined) return [];
  conversation.holds.delete(threadId);
  conversation.isReleased = true;
  return lines;
}
