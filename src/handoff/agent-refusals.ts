import { addAgents, answerRefusals, findRefusal } from './agents.ts';
import type { EventOf } from './events.ts';
import { nameThread } from './session.ts';
import type { Named, Session, WithSession } from './states.ts';
import { choose, prepend, type Step, stay, to } from './steps.ts';

/**
 * A sub-agent has met the limit: it is on record, and the account is marked, so that no other session starts under it. The
 * root's turn may go on. A refusal is counted once.
 */
export function noteRefusal(state: WithSession, { agent, proof }: EventOf<'agent-refused'>): Step {
  const { session } = state;
  const { agents, target } = session;
  const isKnown = agents.some((other) => other.proof?.turnId === proof.turnId);
  if (isKnown || session.answered.includes(proof.turnId)) return stay(state);
  const { kind, until = null } = proof;
  const event = { type: 'agent-refused', agent: agent.id, target, kind, until } as const;
  const named = agent.name === undefined ? {} : { agentName: agent.name };
  return to(
    { ...state, session: { ...session, agents: addAgents(agents, [{ ...agent, proof }]) } },
    { do: 'mark', proof },
    { do: 'log', event: { ...event, ...named, ...nameThread(session) } },
  );
}

/** No turn runs: the session goes on under the next account, with a prompt that names the agents. */
export function goOnForAgents(state: Named<'starting' | 'running'>, at: number): Step {
  const { session: before } = state;
  const proof = findRefusal(before);
  if (proof === undefined || before.thread === undefined) return stay(state);
  const session: Session = {
    ...answerRefusals(before),
    cause: { kind: 'limit', proof, isIdle: false },
    stoppedAt: at,
    endedCommands: [],
  };
  return prepend([{ do: 'hold-input' }], choose(session, proof));
}
