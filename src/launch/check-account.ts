import { addMark, clearMarks, readAccountState } from '../accounts/account-state.ts';
import { marksOfUsage, recordUsage, usageFromReply } from '../accounts/usage.ts';
import { LIMIT_KINDS } from '../codex/limit-texts.ts';
import type { AccountCheck } from '../handoff/wait-for-reset.ts';
import type { AskContext } from './ask-account.ts';
import { askLimits } from './ask-limits.ts';

/**
 * Asks the service whether an account that was at its limit can be used again. Records the usage and new marks, and removes
 * marks that have ended. Never throws: without an answer the result is `unknown`.
 */
export async function checkAccount(asking: AskContext, name: string): Promise<AccountCheck> {
  const { paths } = asking;
  try {
    const { marks } = readAccountState(paths, name).state;
    const { windows, plan, reachedType } = await askLimits(asking, name);
    const usage = usageFromReply(windows, plan);
    recordUsage(paths, name, usage);
    for (const mark of marksOfUsage(usage)) addMark(paths, name, mark);
    const isFull = windows.some(({ usedPercent }) => usedPercent >= 100);
    if (isFull || reachedType !== undefined) return { kind: 'exhausted' };
    // A mark that another session has made since the question is newer than the answer.
    clearMarks(paths, name, LIMIT_KINDS, marks);
    return { kind: 'back' };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  }
}
