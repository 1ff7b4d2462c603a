import { type LimitsReply, readLimitsReply } from '../codex/account-reply.ts';
import { type AskContext, askAccount } from './ask-account.ts';

/**
 * Asks the service about an account's limits, with the account's lock held (see ask-account.ts). Never throws.
 * @returns undefined when it could not be asked, or told no limits.
 */
export async function askLimits(
  asking: AskContext,
  name: string,
): Promise<LimitsReply | undefined> {
  const target = asking.config.targets.find((candidate) => candidate.name === name);
  if (target === undefined) return undefined;
  const request = { method: 'account/rateLimits/read', params: null };
  const [reply] = await askAccount(asking, target, () => [request]).catch(() => []);
  return reply && readLimitsReply(reply);
}
