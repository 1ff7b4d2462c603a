import type { Account } from './accounts.ts';
import type { Answer, Script } from './answers.ts';
import type { DeviceLogins } from './device-login.ts';
import type { DeferredWrites } from './records.ts';
import type { TokenStore } from './tokens.ts';
import type { Transport } from './turn-request.ts';

/** Switches that may be turned while the backend runs. */
export interface Switches {
  /** `sse`: the WebSocket upgrade is refused with 426, and Codex falls back (fact 4). */
  transport: Transport;
  /** Whether `encrypted_content` of another account is refused as `invalid_encrypted_content` (fact 61). */
  foreignReasoning: 'accept' | 'refuse';
  /** `fail`: `/oauth/token` answers 500 and spends nothing. */
  refreshes: 'answer' | 'fail';
  /** The catalogue of models; empty: Codex goes on with the one it carries. */
  models: readonly object[];
}

/** What all routes of one backend share. */
export interface Service {
  origin: string;
  accounts: Account[];
  tokens: TokenStore;
  records: DeferredWrites;
  logins: DeviceLogins;
  switches: Switches;
  /** Answers waiting to be given, for one account or (key undefined) for any. */
  queues: Map<string | undefined, Answer[]>;
  script: Script | undefined;
  /** Answers that wait: of `/oauth/token`, when the refresh token is spent already, and of `/wham/usage`. */
  held: { refreshes?: Promise<void>; usage?: Promise<void> };
  /** Bugs of the backend's own; `close()` throws the first. */
  faults: unknown[];
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
