import { findRefusal, promptAboutAgents } from './agents.ts';
import { promptAboutEnded } from './messages.ts';
import type { Ending, Rules, Session, State, WithSession } from './states.ts';

/** @param target the account that the first child runs under. */
export function newSession(rules: Rules, target: string): Session {
  return {
    rules,
    target,
    thread: undefined,
    answered: [],
    cause: undefined,
    stoppedAt: undefined,
    handoffs: 0,
    waits: 0,
    hasCopied: false,
    endedCommands: [],
    agents: [],
    originals: {},
    exhausted: undefined,
    interruption: undefined,
  };
}

/** No turn was cut off, so no work is to be continued. */
export function isWorkIdle({ cause, agents }: Session): boolean {
  if (agents.length > 0) return false;
  if (cause === undefined || cause.kind === 'foreign-reasoning') return false;
  return cause.kind === 'low' || cause.isIdle;
}

/** The prompt of the successor; '' for none. */
export function promptOf(session: Session): string {
  const { rules, endedCommands, agents } = session;
  if (isWorkIdle(session) || rules.prompt === '') return '';
  return [
    rules.prompt,
    ...(endedCommands.length === 0 ? [] : [promptAboutEnded(endedCommands.length)]),
    ...(agents.length === 0 ? [] : [promptAboutAgents(agents)]),
  ].join('\n\n');
}

/** As long as no turn succeeds, no account is used twice. */
export function mayHandOff({ handoffs, rules }: Session): boolean {
  return handoffs < rules.accounts;
}

export function hasFailed(ending: Ending): boolean {
  return ending.kind === 'signalled' || ending.code !== 0;
}

/** After a turn that succeeded all accounts may be tried again. */
export function afterSuccess(session: Session): Session {
  // Agents of whom no account could go on are the user's to start again.
  const agents = findRefusal(session) === undefined ? [] : session.agents;
  return { ...session, handoffs: 0, waits: 0, exhausted: undefined, agents };
}

/** The thread's id as a field for the event log. */
export function nameThread({ thread }: Session): { thread?: string } {
  return thread === undefined ? {} : { thread: thread.id };
}

/** The memory of a session that goes on. Undefined after its end. */
export function sessionOf(state: State): Session | undefined {
  return 'session' in state ? state.session : undefined;
}

/** A child runs, and no handoff has begun. */
export function isFree(state: State): boolean {
  return state.name === 'running';
}

/** A successor starts. Keys may answer a dialog of the successor. */
export function isResuming(state: State): boolean {
  return state.name === 'resuming';
}

/** A handoff is under way, or the session waits for an account. */
export function isInHandoff(state: State): state is WithSession {
  return IN_HANDOFF.has(state.name);
}

const IN_HANDOFF: ReadonlySet<State['name']> = new Set([
  ...(['choosing', 'waiting', 'stopping', 'moving'] as const),
  ...(['staying', 'copying', 'resuming', 'retrying'] as const),
]);

/** The thread that a handoff is about; undefined when no handoff is under way. */
export function threadInHandoff(state: State): string | undefined {
  return isInHandoff(state) ? state.session.thread?.id : undefined;
}
