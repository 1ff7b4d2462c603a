import { type LimitsReply, readLimitsReply } from '../codex/account-reply.ts';
import { type AskContext, askAccount } from './ask-account.ts';

/**
 * Asks the service about an account's limits, with the account's lock held (see ask-account.ts).
 * @throws what {@link askAccount} throws; an Error with the reason when Codex tells no limits.
 */
export async function askLimits(asking: AskContext, name: string): Promise<LimitsReply> {
  const target = asking.config.targets.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`there is no account ${name}`);
  const request = { method: 'account/rateLimits/read', params: null };
  const [reply] = await askAccount(asking, target, () => [request]);
  const limits = reply && readLimitsReply(reply);
  if (limits !== undefined) return limits;
  throw new Error(reply && !reply.ok ? reply.message : 'Codex told no limits');
}
