import { type LimitsReply, readLimitsReply } from '../codex/account-reply.ts';
import { type AskContext, askAccount } from './ask-account.ts';

/**
 * What the service says about an account's limits, asked when nobody else refreshes its token: Codex may do so on the way
 * (see ask-account.ts). Never throws; undefined when it could not be asked, or told nothing.
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
