import { addMark, clearMarks, readAccountState } from '../accounts/account-state.ts';
import { MARK_KINDS } from '../accounts/marks.ts';
import { marksOfUsage, recordUsage, usageFromReply } from '../accounts/usage.ts';
import { readLimitsReply } from '../codex/account-reply.ts';
import type { AccountCheck } from '../handoff/wait-for-reset.ts';
import { type AskContext, askAccount } from './ask-account.ts';

/**
 * Asks the service whether an account that was at its limit has something left. The answer is written down: its usage, new
 * marks, and marks that are over. Never throws: without an answer it is unknown.
 */
export async function checkAccount(asking: AskContext, name: string): Promise<AccountCheck> {
  const { paths, config } = asking;
  const target = config.targets.find((candidate) => candidate.name === name);
  if (target === undefined) return { kind: 'unknown', reason: `there is no ${name}` };
  try {
    const { marks } = readAccountState(paths, name).state;
    const request = { method: 'account/rateLimits/read', params: null };
    const [reply] = await askAccount(asking, target, () => [request]);
    const told = reply && readLimitsReply(reply);
    if (told === undefined) {
      const reason = reply && !reply.ok ? reply.message : 'Codex told no limits';
      return { kind: 'unknown', reason };
    }
    const { windows, plan } = told;
    const usage = usageFromReply(windows, plan);
    recordUsage(paths, name, usage);
    for (const mark of marksOfUsage(usage)) addMark(paths, name, mark);
    const isFull = windows.some(({ usedPercent }) => usedPercent >= 100);
    if (isFull || told.reachedType !== undefined) return { kind: 'exhausted' };
    clearMarks(
      paths,
      name,
      MARK_KINDS.filter((kind) => kind !== 'manual' && kind !== 'needs-login'),
      marks, // not those that another session has made since the question: the answer does not know of them
    );
    return { kind: 'back' };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  }
}
