import { dropUndefined } from '../../codex/json.ts';
import { proveLimit } from '../../codex/limit-proof.ts';
import { listRolloutsByDate, mayHaveStartedSince } from '../../codex/rollout-dates.ts';
import { readRolloutFacts, readSessionMeta } from '../../codex/rollout-file.ts';
import { parseThreadId } from '../../codex/thread-files.ts';
import type { EventOf } from '../../handoff/events.ts';
import type { StartedChild } from './exec-session.ts';

type AgentRefusal = Omit<EventOf<'agent-refused'>, 'name'>;

/**
 * The agents of an ended exec whose last turn has met the limit. They were begun by this child, so their rollouts are as new
 * as it is. Only the first line of another new rollout is read. Throws what reading throws.
 */
export async function findAgentRefusals(
  { child, start, startedAt }: StartedChild,
  sharedHome: string,
): Promise<AgentRefusal[]> {
  const root = child.thread()?.threadId ?? start.thread?.id;
  if (root === undefined) return [];
  const found: AgentRefusal[] = [];
  for (const rollout of listRolloutsByDate(sharedHome)) {
    if (!mayHaveStartedSince(rollout, startedAt)) break;
    if (parseThreadId(rollout) === root) continue;
    const meta = await readSessionMeta(rollout).catch(() => undefined);
    if (meta?.agent?.root !== root) continue;
    const { facts } = await readRolloutFacts(rollout);
    // The record begins with a copy of its parent's: only the agent's own last turn counts.
    const last = facts.slice(facts.findLastIndex(({ type }) => type === 'task_started'));
    const seenTurnIds = new Set<string>();
    const proof = proveLimit({ facts: last, startedAtMs: startedAt, seenTurnIds, sawText: false });
    if (proof === undefined || proof.kind === 'needs-login') continue;
    const agent = { id: meta.threadId, ...dropUndefined({ name: meta.agent.name }) };
    found.push({ agent, proof });
  }
  return found;
}
