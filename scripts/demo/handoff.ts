import type { RecordedRequest } from '../../test/lab/backend/index.ts';

/** A conversation that went on under another account, by the requests to the backend. */
export interface Handoff {
  from: string;
  to: string;
  threadId: string;
  /** From the refusal of the old account's turn to the arrival of the new account's turn. */
  milliseconds: number;
  /** The user's messages in the new account's turn, oldest first. */
  said: string[];
}

/**
 * Finds the first turn that was refused for a usage limit, and then answered under another account, in the same thread and with
 * all earlier messages. Undefined when there is none.
 */
export function findHandoff(turns: readonly RecordedRequest[]): Handoff | undefined {
  for (const [index, refused] of turns.entries()) {
    if (refused.outcome?.kind !== 'failed' || refused.outcome.failure !== 'usage-limit') continue;
    const before = refused.turn?.userTexts ?? [];
    const next = turns
      .slice(index + 1)
      .find(
        ({ account, turn, outcome }) =>
          account !== refused.account &&
          turn?.threadId === refused.turn?.threadId &&
          outcome?.kind === 'answered' &&
          before.every((text) => turn?.userTexts.includes(text)),
      );
    if (next?.turn?.threadId === undefined) continue;
    return {
      from: String(refused.account),
      to: String(next.account),
      threadId: next.turn.threadId,
      milliseconds: next.at - (refused.answeredAt ?? refused.at),
      said: next.turn.userTexts,
    };
  }
  return undefined;
}

export function describeHandoff(handoff: Handoff | undefined): string {
  if (handoff === undefined) return 'demo: there was no handoff (did you send two prompts?)';
  const { from, to, threadId, milliseconds, said } = handoff;
  return [
    `demo: the conversation went from ${from} to ${to} within ${(milliseconds / 1000).toFixed(1)} s.`,
    `      The backend saw ${to} ask in the same thread (${threadId}), with everything said before:`,
    `      ${said.map((text) => JSON.stringify(text)).join(', ')}`,
  ].join('\n');
}
