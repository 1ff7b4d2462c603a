import { describeMark } from '../accounts/marks.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import { isThreadId } from '../codex/thread-files.ts';
import type { Session } from './states.ts';

/** A sub-agent that Codex runs in the process of the session (fact 100). */
export interface Agent {
  /** The id of its thread. */
  id: string;
  /** Its path or its nickname, e.g. `/root/foxes`. The model has made it up. */
  name?: string;
}

/** A sub-agent that was stopped: its turn met the limit, or it ran when Codex was ended. */
export type StoppedAgent = Agent & { proof?: LimitProof };

/** A refusal of an agent that the session has not acted on. */
export function findRefusal({ agents, answered }: Session): LimitProof | undefined {
  return agents
    .flatMap(({ proof }) => proof ?? [])
    .find(({ turnId }) => !answered.includes(turnId));
}

/** A handoff answers every refusal so far: there is one handoff for one limit. */
export function answerRefusals(session: Session): Session {
  const turns = session.agents.flatMap(({ proof }) => proof?.turnId ?? []);
  return { ...session, answered: [...new Set([...session.answered, ...turns])] };
}

/** One entry for each agent. */
export function addAgents(
  agents: readonly StoppedAgent[],
  more: readonly StoppedAgent[],
): readonly StoppedAgent[] {
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  for (const agent of more) byId.set(agent.id, { ...byId.get(agent.id), ...agent });
  return [...byId.values()];
}

/** The last part of a line about a handoff: the agents that are to be started again; '' for none. */
export function tellAgents(agents: readonly StoppedAgent[]): string {
  const refused = agents.filter(({ proof }) => proof !== undefined);
  const ended = agents.filter(({ proof }) => proof === undefined);
  return tellSome('the limit stopped', refused) + tellSome('this ended', ended);
}

function tellSome(what: string, agents: readonly Agent[]): string {
  if (agents.length === 0) return '';
  return `; ${what} ${countAgents(agents)} (${listNames(agents)})`;
}

function countAgents({ length }: readonly Agent[]): string {
  return length === 1 ? '1 agent' : `${length} agents`;
}

/** For the end of a command whose agents met the limit: one line. */
export function tellRefusedAgents({ target, agents }: Session): string | undefined {
  const refused = agents.filter(({ proof }) => proof !== undefined);
  const [proof] = refused.flatMap(({ proof }) => proof ?? []);
  if (proof === undefined) return undefined;
  const { kind, until = null } = proof;
  const limit = describeMark({ kind, until, at: 0 });
  return `codex-hotswap: ${target}: ${limit}${tellAgents(refused)}; what the command has told may lack their work`;
}

/** For the model, after the prompt of a resumed thread. */
export function promptAboutAgents(agents: readonly Agent[]): string {
  const { length } = agents;
  const were = length === 1 ? 'was stopped before its' : 'were stopped before their';
  return `${length} of your agents (${listNames(agents)}) ${were} work was done; start again what is still needed.`;
}

function listNames(agents: readonly Agent[]): string {
  const names = agents.slice(0, MOST_NAMES).map(safeName).join(', ');
  const more = agents.length - MOST_NAMES;
  return more > 0 ? `${names}, and ${more} more` : names;
}

/** A name with other characters could hold a prompt, or end a line. */
function safeName({ id, name = '' }: Agent): string {
  if (SAFE_NAME.test(name)) return name;
  return isThreadId(id) ? id : 'without a name';
}

const SAFE_NAME = /^[\w/-]{1,64}$/;
const MOST_NAMES = 5;
