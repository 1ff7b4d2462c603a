import { readBoolean, readText } from './bounds.ts';
import { dropUndefined, readObject } from './json.ts';

/** Credits that were bought for an account. Codex goes on with them without a word when the included usage ends (fact 75). */
export interface Credits {
  hasCredits: boolean;
  unlimited: boolean;
  /** An amount as the service writes it. */
  balance?: string;
}

/** Reads credits as the app-server names them, or as a rollout names them. Undefined without the word whether there are any. */
export function readCredits(value: unknown): Credits | undefined {
  const { hasCredits, has_credits, unlimited, balance } = readObject(value) ?? {};
  const has = readBoolean(hasCredits) ?? readBoolean(has_credits);
  if (has === undefined) return undefined;
  const amount = typeof balance === 'number' ? String(balance) : balance;
  return {
    hasCredits: has,
    unlimited: readBoolean(unlimited) ?? false,
    ...dropUndefined({ balance: readText(amount, MAX_AMOUNT) }),
  };
}

/** In characters. */
const MAX_AMOUNT = 32;
