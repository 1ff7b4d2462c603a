import { proveLimit } from '../../codex/limit-proof.ts';
import type { Agent } from '../../handoff/agents.ts';
import type { EventOf } from '../../handoff/events.ts';
import { type FollowedRollout, isTurnMark, readOn } from './followed-rollout.ts';

export type AgentRefusal = Omit<EventOf<'agent-refused'>, 'name'>;

export interface AgentNews {
  /** The agents whose last turn met the limit. */
  agentRefusals: readonly AgentRefusal[];
  /** The agents whose turn runs, by the record. */
  runningAgents: readonly Agent[];
}

/** What is needed to read the rollouts of a child's agents. */
export interface AgentsQuestion {
  /** The rollouts that the child has open. */
  open: ReadonlySet<string>;
  /** The start of the child, epoch milliseconds. */
  startedAtMs: number;
  /** How far the clock has been set back in this session. */
  aheadMs: number;
  /** The failed turns that this session has acted on. */
  answeredFor: Pick<ReadonlySet<string>, 'has'>;
}

/**
 * Reads on in the rollouts of the agents (fact 100).
 * @param known all rollouts that are followed. Those of agents that Codex has closed are removed, once they are read.
 */
export async function readAgents(
  known: Map<string, FollowedRollout>,
  { open, startedAtMs, aheadMs, answeredFor }: AgentsQuestion,
): Promise<AgentNews> {
  const agents = [...known.values()].filter(({ agent }) => agent !== undefined);
  for (const rollout of agents) await readOn(rollout, startedAtMs, aheadMs);
  for (const { file } of agents) if (!open.has(file)) known.delete(file);
  return {
    runningAgents: listRunning(known.values(), startedAtMs),
    agentRefusals: agents.flatMap((rollout) => proveRefusal(rollout, startedAtMs, answeredFor)),
  };
}

/** The agents whose turn has begun in this child, and has not ended. */
export function listRunning(rollouts: Iterable<FollowedRollout>, startedAtMs: number): Agent[] {
  return [...rollouts].flatMap(({ agent, facts }) => {
    const last = facts.findLast(isTurnMark);
    const runs = last?.type === 'task_started' && (last.at ?? 0) >= startedAtMs;
    return agent !== undefined && runs ? [agent] : [];
  });
}

/** A login that is gone fails the next turn of the root, too. The service has refused an agent because of a limit only. */
function proveRefusal(
  { agent, facts }: FollowedRollout,
  startedAtMs: number,
  seenTurnIds: Pick<ReadonlySet<string>, 'has'>,
): AgentRefusal[] {
  const proof = proveLimit({ facts, startedAtMs, seenTurnIds, sawText: false });
  if (agent === undefined || proof === undefined || proof.kind === 'needs-login') return [];
  return [{ agent, proof }];
}
