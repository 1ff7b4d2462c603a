import { proveForeignReasoning } from '../../codex/foreign-reasoning.ts';
import type { RolloutFact } from '../../codex/rollout.ts';
import type { OpenThread } from '../../codex/thread-files.ts';
import type { Finding } from '../../handoff/events.ts';
import { sessionOf } from '../../handoff/session.ts';
import { retryAsync } from '../../state/deferred-writes.ts';
import {
  hasEndedTurn,
  hasLostPrompt,
  proveByAccount,
  proveByMessage,
  proveExecLimit,
  readExecRecord,
} from './exec-evidence.ts';
import type { ExecSession, StartedChild } from './exec-session.ts';

const NOT_PROVED: Finding = { name: 'not-proved' };

/** Finds out why the child has failed: from its record, or else from the service. Throws what reading the record throws. */
export async function findCause(session: ExecSession): Promise<Finding> {
  const { parts, started, handoffs } = session;
  if (started === undefined) return NOT_PROVED;
  const open = findThread(started);
  if (open === 'unknown') return { name: 'not-proved', source: 'exit' };
  const isInterrupted = sessionOf(handoffs.state())?.interruption !== undefined;
  let facts: readonly RolloutFact[] = [];
  if (open !== 'none') {
    const read = await readCause(open, session, started);
    if (read.finding !== NOT_PROVED) return read.finding;
    if (!parts.isNeverResumed && !isInterrupted) return NOT_PROVED;
    facts = read.facts;
  }
  // A command that was interrupted does not wait for the service. Codex may have told the limit, and recorded nothing of it.
  if (isInterrupted) {
    const told = proveByMessage(parts.output?.errorMessage(), facts, Date.now());
    return told === undefined ? NOT_PROVED : { name: 'proved', proof: told };
  }
  const limits = await parts.askLimits();
  const proof = limits && proveByAccount(limits, Date.now());
  return proof === undefined ? NOT_PROVED : { name: 'proved', proof };
}

/**
 * The same while the child lives, when it has said that its turn has failed. The record of that turn may be complete some
 * milliseconds later.
 */
export async function findCauseEarly(session: ExecSession): Promise<Finding> {
  const { parts, started } = session;
  if (started === undefined) return NOT_PROVED;
  const { child, startedAt } = started;
  for (let pauseMs = FIRST_PAUSE_MS; started.ending === undefined; pauseMs *= 2) {
    const open = child.thread();
    if (open !== undefined) {
      const { finding, facts } = await readCause(open, session, started);
      if (finding !== NOT_PROVED) return finding;
      // The service may tell more than the record of a review does. It is asked after the end.
      if (!parts.isNeverResumed && hasEndedTurn(facts, startedAt)) return NOT_PROVED;
    }
    await new Promise((resume) => setTimeout(resume, Math.min(pauseMs, MOST_PAUSE_MS)));
  }
  return NOT_PROVED;
}

/** Codex ends some 20 ms after it has said that its turn has failed (fact 122). A hook of the user may take longer. */
const FIRST_PAUSE_MS = 10;
const MOST_PAUSE_MS = 500;

function findThread({ child, start: { thread }, unseen }: StartedChild) {
  const known = thread && { threadId: thread.id, rollout: thread.rollout };
  return child.thread() ?? known ?? unseen;
}

async function readCause(
  open: OpenThread,
  { parts, handoffs }: ExecSession,
  { child, start, startedAt: startedAtMs }: StartedChild,
): Promise<{ finding: Finding; facts: readonly RolloutFact[] }> {
  const from = child.thread()?.length;
  const fresh = from === undefined ? undefined : { from, startedAtMs };
  const { thread, facts } = await retryAsync(() => readExecRecord(open, fresh));
  const answered = new Set(sessionOf(handoffs.state())?.answered);
  const proof = proveExecLimit(facts, startedAtMs, answered);
  if (proof !== undefined) {
    // Without its prompt the command is run again.
    const isLost = start.thread === undefined && hasLostPrompt(facts, startedAtMs, proof);
    return { finding: { name: 'proved', proof, ...(isLost ? {} : { thread }) }, facts };
  }
  const turnId = proveForeignReasoning({ facts, startedAtMs, seenTurnIds: new Set() });
  // A command that is never resumed cannot go on in a copy.
  if (turnId === undefined || parts.isNeverResumed) return { finding: NOT_PROVED, facts };
  return { finding: { name: 'reasoning-refused', thread, turnId, source: 'exit' }, facts };
}
