import { FOREIGN_REASONING, proveForeignReasoning } from '../../codex/foreign-reasoning.ts';
import { type LimitProof, proveLimit, proveToldLimit } from '../../codex/limit-proof.ts';
import type { RateLimits } from '../../codex/rollout.ts';
import type { Finding } from '../../handoff/events.ts';
import { sessionOf } from '../../handoff/session.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { OpenThread, OpenTurn } from '../../relay/relay.ts';
import { readExecRecord } from '../exec/exec-evidence.ts';
import type { AppServerSession } from './app-server-session.ts';

/**
 * Why the held turns have failed. The protocol names the limit, and the record confirms it with its kind and its reset. The
 * first thread with a proof decides: there is one account.
 */
export async function findProof(session: AppServerSession): Promise<Finding> {
  for (const thread of session.relay.failed()) {
    const finding = await findCause(session, thread);
    if (finding !== undefined) return finding;
  }
  return { name: 'not-proved', source: 'state' };
}

/** A thread of the protocol as the core knows it. A thread that is not recorded has no rollout. */
export function toSessionThread({
  id,
  rollout = '',
  cwd,
  model,
  effort,
}: OpenThread): SessionThread {
  return { id, rollout, ...(cwd && { cwd }), ...(model && { model }), ...(effort && { effort }) };
}

async function findCause(
  { handoffs, started, relay }: AppServerSession,
  thread: OpenThread,
): Promise<Finding | undefined> {
  const { turn, rollout, id, cwd } = thread;
  if (turn === undefined) return undefined;
  const startedAtMs = started?.startedAt ?? 0;
  const seenTurnIds = new Set(sessionOf(handoffs.state())?.answered);
  if (seenTurnIds.has(turn.id)) return undefined;
  const text = turn.failure?.message ?? '';
  const open = rollout && { threadId: id, rollout, ...(cwd && { cwd }) };
  const record = open ? await readExecRecord(open).catch(() => undefined) : undefined;
  const facts = record?.facts ?? [];
  const own = { ...record?.thread, ...toSessionThread(thread) };
  const proof =
    proveLimit({ facts, startedAtMs, seenTurnIds, sawText: true, text }) ??
    proveByProtocol(turn, relay.limits());
  if (proof !== undefined) return { name: 'proved', proof, thread: own };
  // Up to 0.144 the record of a failed turn has no error (fact 68). The protocol has.
  const refused =
    proveForeignReasoning({ facts, startedAtMs, seenTurnIds }) ??
    (text.includes(FOREIGN_REASONING) ? turn.id : undefined);
  if (refused === undefined) return undefined;
  return { name: 'reasoning-refused', thread: own, turnId: refused, source: 'state' };
}

/** The protocol itself proves a limit, when the record is late, or when there is none (an ephemeral thread). */
export function proveByProtocol(
  { id, failure }: OpenTurn,
  limits: RateLimits | undefined,
): LimitProof | undefined {
  if (failure?.info !== 'usageLimitExceeded') return undefined;
  return proveToldLimit(id, failure.message, limits);
}
