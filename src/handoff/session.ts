import { findRefusal, promptAboutAgents } from './agents.ts';
import { nameLimit, promptAboutEnded, tellWhyLeft } from './messages.ts';
import type { Ending, Rules, Session, State, WithSession } from './states.ts';

/** @param target the account that the first child runs under. */
export function newSession(rules: Rules, target: string): Session {
  return {
    rules,
    target,
    thread: undefined,
    answered: [],
    cause: undefined,
    left: [],
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

/** The session goes on under another account, or under the same account once more. */
export function moveTo(before: Session, target: string): Session {
  const { cause, handoffs } = before;
  const left = [...before.left, { target: before.target, why: tellWhyLeft(cause) }];
  return {
    ...before,
    ...{ target, handoffs: handoffs + 1, hasCopied: false },
    left: target === before.target ? before.left : left.slice(-MOST_LEFT),
  };
}

/** No turn was cut off, so no work is to be continued. */
export function isWorkIdle({ cause, agents }: Session): boolean {
  if (agents.length > 0) return false;
  if (cause === undefined || cause.kind === 'foreign-reasoning') return false;
  return cause.kind === 'low' || cause.isIdle;
}

/** The prompt of the successor; '' for none. `{account}` stays in it: the account is known when its login works. */
export function promptOf(session: Session): string {
  const { rules, cause, endedCommands, agents } = session;
  if (isWorkIdle(session) || rules.prompt === '') return '';
  const mark = cause?.kind === 'limit' ? cause.mark : undefined;
  return [
    rules.prompt.replaceAll('{limit}', nameLimit(mark)),
    ...(endedCommands.length === 0 ? [] : [promptAboutEnded(endedCommands.length)]),
    ...(agents.length === 0 ? [] : [promptAboutAgents(agents)]),
  ].join('\n\n');
}

/** @param account the account that goes on. */
export function nameAccount(prompt: string, account: string): string {
  return prompt.replaceAll('{account}', () => account);
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

/** A session that waits for resets may go on for days. */
const MOST_LEFT = 7;

const IN_HANDOFF: ReadonlySet<State['name']> = new Set([
  ...(['choosing', 'waiting', 'stopping', 'moving'] as const),
  ...(['staying', 'copying', 'resuming', 'retrying'] as const),
]);

/** The thread that a handoff is about; undefined when no handoff is under way. */
export function threadInHandoff(state: State): string | undefined {
  return isInHandoff(state) ? state.session.thread?.id : undefined;
}
