import { readObject } from '../codex/json.ts';
import { type Conversation, tellClient } from './conversation.ts';

/**
 * What the client shows of the account is that of the last one. Codex up to 0.150 does not tell the account of its start, and no
 * release tells the figures before the first answer of the model.
 */
export function tellAccount(conversation: Conversation): void {
  const { host, server, initialize } = conversation;
  if (initialize === undefined) return;
  const isNow = () => conversation.server === server && conversation.phase === 'open';
  host.after(PAUSE_MS, () => {
    if (isNow()) askAccount(conversation, isNow);
  });
}

/** The turn that goes on comes first: the server asks the service for the figures. */
const PAUSE_MS = 500;

function askAccount(conversation: Conversation, isNow: () => boolean): void {
  const { own, server } = conversation;
  void own.ask('account/read', {}, (answer) => {
    const account = answer.ok ? readObject(answer.result.account) : undefined;
    if (account === undefined || !isNow() || conversation.toldAccount === server) return;
    const params = { authMode: account.type, planType: account.planType ?? null };
    tellClient(conversation, { method: 'account/updated', params });
  });
  void own.ask('account/rateLimits/read', undefined, (answer) => {
    const rateLimits = answer.ok ? readObject(answer.result.rateLimits) : undefined;
    if (rateLimits === undefined || !isNow()) return;
    tellClient(conversation, { method: 'account/rateLimits/updated', params: { rateLimits } });
  });
}
