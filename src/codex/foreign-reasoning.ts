import { endedBefore, type ProofQuestion } from './limit-proof.ts';

/** Whether an error is the service's refusal of what another account's model thought (fact 61). */
export function isForeignReasoning(message: string): boolean {
  return message.includes('invalid_encrypted_content');
}

/**
 * The record's word that the service refuses the thread as it is: the last turn that ended in these facts, after this
 * start and not answered for yet, ended of another account's reasoning (fact 61). Older records (up to 0.144) do not say
 * why a turn failed, so nothing is proved there.
 * @returns the id of that turn.
 */
export function proveForeignReasoning({
  facts,
  startedAtMs,
  seenTurnIds,
}: Pick<ProofQuestion, 'facts' | 'startedAtMs' | 'seenTurnIds'>): string | undefined {
  let refused: string | undefined;
  for (const fact of facts) {
    // A turn that began after the failed one says that Codex went on by itself.
    if (fact.type === 'task_started') refused = undefined;
    if (fact.type !== 'task_complete') continue;
    const id = fact.turnId ?? `at-${fact.at ?? 0}`;
    const isNews = !endedBefore(fact, startedAtMs) && !seenTurnIds.has(id);
    const isRefusal = fact.error !== undefined && isForeignReasoning(fact.error.message);
    refused = isNews && isRefusal ? id : undefined;
  }
  return refused;
}
