import { type Conversation, tellClient } from './conversation.ts';
import { toLine } from './message.ts';
import { afterLostServer, SEND_AGAIN } from './methods.ts';

/**
 * The server has ended, and a successor will come. What the client waits for is settled: the README's table has the reasons.
 */
export function settleLostServer(conversation: Conversation): void {
  const { requests, questions, processes, realtime, threads, holds, own, host } = conversation;
  conversation.phase = 'ended';
  const again: Buffer[] = [];
  for (const { id, method, line } of requests.values()) {
    if (line !== undefined && afterLostServer(method) === 'replay') again.push(line);
    else host.toClient(toLine({ id, error: SEND_AGAIN }));
  }
  conversation.waiting.unshift(...again);
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
  for (const group of [requests, questions, processes, realtime]) group.clear();
  own.abandon();
  for (const thread of threads.values()) {
    if (thread.turn === undefined || thread.turn.failure !== undefined) continue;
    thread.turn.failure = { info: CUT_OFF, message: '' };
    if (!holds.has(thread.id)) holds.set(thread.id, []);
  }
}

/** The `info` of a turn that ran in another thread when the server was ended. */
export const CUT_OFF = 'cutOff';

/** A process that the server ran for the client ends with the server. -1 is no exit status of a program. */
const ENDED = {
  exitCode: -1,
  ...{ stdout: '', stdoutCapReached: false, stderr: '', stderrCapReached: false },
};
