import { answerRefusals } from './agents.ts';
import type { Effect } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Named, Session } from './states.ts';
import { choose, copy, finish, goOn, prepend, type Step, stopChild, to } from './steps.ts';

/** A limit or a lost login is proved: the next account is chosen. @param at epoch milliseconds. */
export function actOnProof(
  state: Named<'suspected' | 'waiting'>,
  event: EventOf<'proved'>,
  at: number,
): Step {
  const { proof, thread, isIdle = false } = event;
  const { ending, session: before } = state;
  const { answered } = answerRefusals(before);
  const session: Session = {
    ...before,
    thread,
    answered: add(answered, proof.turnId),
    cause: { kind: 'limit', proof, isIdle },
    stoppedAt: ending === undefined ? at : before.stoppedAt,
    endedCommands: [],
  };
  // The failure of a command is logged when it is a limit.
  const source = state.name === 'suspected' ? state.source : undefined;
  const suspected: Effect[] =
    source === 'exit' || source === 'event'
      ? [{ do: 'log', event: { type: 'suspected', source } }]
      : [];
  return prepend(suspected, choose(session, proof, ending));
}

/**
 * The account may not read the encrypted reasoning of another account's model (fact 61). So the session goes on in a copy
 * of the thread without that reasoning. Each account gets one copy: if the copy is refused, too, the reason is another.
 */
export function goOnInCopy(
  state: Named<'suspected'>,
  { thread, turnId, source }: EventOf<'reasoning-refused'>,
  at: number,
): Step {
  const { ending, session: before } = state;
  const answered = add(before.answered, turnId);
  if (before.hasCopied || before.interruption !== undefined) {
    const reason = 'a copy is refused, too';
    const event = { type: 'unconfirmed', source, thread: thread.id, reason } as const;
    const session = { ...before, answered };
    const step = ending === undefined ? goOn(session) : finish(session, ending);
    return prepend([{ do: 'log', event }], step);
  }
  const session: Session = {
    ...before,
    thread,
    answered,
    cause: { kind: 'foreign-reasoning' },
    stoppedAt: ending === undefined ? at : before.stoppedAt,
    endedCommands: [],
  };
  if (ending !== undefined) return copy(session, ending);
  return to({ name: 'stopping', session }, ...stopChild(session));
}

function add(turnIds: readonly string[], turnId: string): readonly string[] {
  return turnIds.includes(turnId) ? turnIds : [...turnIds, turnId];
}
