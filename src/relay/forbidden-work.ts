import { readDirectory } from '../codex/bounds.ts';
import type { Conversation } from './conversation.ts';
import { type RequestId, toLine } from './message.ts';
import { OPENING, TURN_REQUESTS } from './methods.ts';

/**
 * One server works for threads in several directories, under one account. A request for work in a directory whose rule does not
 * allow that account is answered with an error of ours, and the server does not get it.
 * @returns whether the request was refused.
 */
export function refuseForbidden(
  conversation: Conversation,
  { id, method }: { id: RequestId; method: string },
  params: Record<string, unknown>,
): boolean {
  const { host, ids, threads } = conversation;
  if (!OPENING.has(method) && !TURN_REQUESTS.has(method)) return false;
  const thread = threads.get(ids.toCurrent(String(params.threadId)));
  const reason = host.forbids(readDirectory(params.cwd) ?? thread?.cwd);
  if (reason === undefined) return false;
  host.toClient(toLine({ id, error: { code: INVALID_REQUEST, message: reason } }));
  return true;
}

const INVALID_REQUEST = -32600;
