import { readAccountState } from '../accounts/account-state.ts';
import { activeMarks } from '../accounts/marks.ts';
import { recordUsage } from '../accounts/record-facts.ts';
import { usageFromReply } from '../accounts/usage.ts';
import { LIMIT_KINDS } from '../codex/limit-texts.ts';
import type { AccountCheck } from '../handoff/wait-for-reset.ts';
import type { AskContext } from './ask-account.ts';
import { askLimits } from './ask-limits.ts';

/**
 * Asks the service whether an account that was at its limit can be used again. Records the figures; they end the marks that
 * they disprove (accounts/evidence.ts). Never throws: without an answer the result is `unknown`.
 */
export async function checkAccount(asking: AskContext, name: string): Promise<AccountCheck> {
  const { paths } = asking;
  try {
    const askedAt = Date.now() / 1000;
    const reply = await askLimits(asking, name);
    recordUsage(paths, name, usageFromReply(reply, askedAt));
    const { windows, reachedType, ordinaryAllowed } = reply;
    const isFull = windows.some(({ usedPercent }) => usedPercent >= 100);
    const isRefused =
      ordinaryAllowed === undefined ? isFull || reachedType !== undefined : !ordinaryAllowed;
    const marks = activeMarks(readAccountState(paths, name).state, Date.now() / 1000);
    const isMarked = marks.some(({ kind }) => LIMIT_KINDS.some((limit) => limit === kind));
    if (!isRefused && !isMarked) return { kind: 'back' };
    const resets = windows.flatMap(({ usedPercent, resetsAt }) =>
      usedPercent >= 100 && resetsAt !== undefined ? [resetsAt] : [],
    );
    return { kind: 'exhausted', ...(resets.length > 0 && { until: Math.max(...resets) }) };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  }
}
