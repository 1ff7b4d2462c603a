import { endedBefore, type ProofQuestion } from './limit-proof.ts';

/** The code in the error of such a turn. */
export const FOREIGN_REASONING = 'invalid_encrypted_content';

/**
 * Proves that the service refuses a thread because its reasoning is encrypted for another account (fact 61): the last turn
 * that ended after this start, and that was not handled yet, has this error. Up to Codex 0.144 a failed turn has no error on
 * record (fact 68), so there is no proof.
 * @returns the id of that turn.
 */
export function proveForeignReasoning({
  facts,
  startedAtMs,
  seenTurnIds,
}: Pick<ProofQuestion, 'facts' | 'startedAtMs' | 'seenTurnIds'>): string | undefined {
  let refused: string | undefined;
  for (const fact of facts) {
    // A later turn shows that Codex went on by itself.
    if (fact.type === 'task_started') refused = undefined;
    if (fact.type !== 'task_complete') continue;
    const id = fact.turnId ?? `at-${fact.at ?? 0}`;
    const isNew = !endedBefore(fact, startedAtMs) && !seenTurnIds.has(id);
    const isRefusal = fact.error?.message.includes(FOREIGN_REASONING) === true;
    refused = isNew && isRefusal ? id : undefined;
  }
  return refused;
}
