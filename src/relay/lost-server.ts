import { type Conversation, tellClient } from './conversation.ts';
import { deliverThread } from './holds.ts';
import { toLine } from './message.ts';
import { afterLostServer, SEND_AGAIN } from './methods.ts';
import type { OpenThread } from './threads.ts';
import { forgetThread, tellInterrupted } from './turns.ts';

/**
 * The server has ended, and a successor will come. What the client waits for is settled: the README's table has the reasons.
 */
export function settleLostServer(conversation: Conversation): void {
  const { questions, processes, realtime, threads } = conversation;
  settleRequests(conversation);
  for (const { id, thread } of questions.values()) {
    if (thread === undefined) continue;
    const params = { threadId: thread, requestId: id };
    tellClient(conversation, { method: 'serverRequest/resolved', params });
  }
  for (const processHandle of processes) {
    tellClient(conversation, { method: 'process/exited', params: { ...ENDED, processHandle } });
  }
  for (const threadId of realtime) {
    const params = { threadId, reason: SEND_AGAIN.message };
    tellClient(conversation, { method: 'thread/realtime/closed', params });
  }
  for (const group of [questions, processes, realtime]) group.clear();
  for (const thread of threads.values()) settleThread(conversation, thread);
}

/** Each request has one answer: from us now, or from the successor. */
function settleRequests(conversation: Conversation): void {
  const { requests, processes, realtime, host, waiting } = conversation;
  const again: Buffer[] = [];
  for (const { id, method, line, params } of [...requests.values()].flat()) {
    const isEnded = method === 'turn/interrupt' && params !== undefined;
    if (line !== undefined && afterLostServer(method) === 'replay') again.push(line);
    else if (isEnded && hasInterrupted(conversation, String(params.threadId)))
      host.toClient(toLine({ id, result: {} }));
    else host.toClient(toLine({ id, error: SEND_AGAIN }));
    // A process that the server has not confirmed never was there.
    if (method === 'process/spawn' && params) processes.delete(String(params.processHandle));
    if (method === 'thread/realtime/start' && params) realtime.delete(String(params.threadId));
  }
  requests.clear();
  waiting.unshift(...again);
  for (const line of again) conversation.waitingBytes += line.length;
}

function hasInterrupted({ threads }: Conversation, threadId: string): boolean {
  return threads.get(threadId)?.turn?.isInterrupted === true;
}

/** What becomes of a thread whose server has ended. */
function settleThread(conversation: Conversation, thread: OpenThread): void {
  const { holds } = conversation;
  const { turn, id, opening, agent } = thread;
  Object.assign(thread, { asked: undefined, continues: undefined, beginWithPrompt: undefined });
  // A thread that the server has begun for the model. No one asks for its turns, and the model begins another agent.
  const isAgent = agent !== undefined && opening.method === 'thread/started';
  const isUnasked = agent !== undefined && turn?.request === undefined;
  const isShell = turn?.request?.method === 'thread/shellCommand';
  if (turn !== undefined && turn.failure === undefined) {
    if (turn.isInterrupted || isAgent || isUnasked || isShell) {
      deliverThread(conversation, id);
      tellInterrupted(conversation, thread, turn);
      thread.turn = undefined;
    } else {
      turn.failure = { info: CUT_OFF, message: '' };
      if (!holds.has(id)) holds.set(id, []);
    }
  } else if (turn === undefined) {
    deliverThread(conversation, id);
  }
  if (!isAgent) return;
  forgetThread(conversation, id);
  tellClient(conversation, { method: 'thread/closed', params: { threadId: id } });
}

/** The `info` of a turn that ran in another thread when the server was ended. */
export const CUT_OFF = 'cutOff';

/** A process that the server ran for the client ends with the server. -1 is no exit status of a program. */
const ENDED = {
  exitCode: -1,
  ...{ stdout: '', stdoutCapReached: false, stderr: '', stderrCapReached: false },
};
