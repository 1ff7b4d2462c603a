import { recordUsage } from '../accounts/record-facts.ts';
import { judgeAccount } from '../accounts/standing.ts';
import { readTargets } from '../accounts/target-snapshot.ts';
import { usageFromReply } from '../accounts/usage.ts';
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
    const targets = readTargets(paths, asking.config);
    const one = targets.find(({ target }) => target.name === name);
    const standing = one && judgeAccount(one, { targets, nowSeconds: Date.now() / 1000 });
    const isUsable = standing?.kind === 'usable';
    // Figures without anything left are a forecast. But who waits, waits for better ones.
    if (isUsable && (standing.use !== 'full' || reply.ordinaryAllowed)) return { kind: 'back' };
    const resets = reply.windows.flatMap(({ usedPercent, resetsAt }) =>
      usedPercent >= 100 && resetsAt !== undefined ? [resetsAt] : [],
    );
    return { kind: 'exhausted', ...(resets.length > 0 && { until: Math.max(...resets) }) };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  }
}
