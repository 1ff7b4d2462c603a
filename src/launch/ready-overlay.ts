import { readTargets } from '../accounts/target-snapshot.ts';
import { tellDeadLogin } from '../handoff/messages.ts';
import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import type { AccountWish } from './account-wish.ts';
import { readCheckedTargets } from './ask-marked.ts';
import { closeSessionOverlay } from './close-overlay.ts';
import { openSessionOverlay, type SessionOverlay } from './session-overlay.ts';
import type { TokenKeeper } from './token-keeper.ts';

export interface OverlayRequest {
  paths: Paths;
  config: Config;
  tokens: TokenKeeper;
  wish: AccountWish;
  /** Targets whose login may be revoked: the service is asked about each, once. */
  suspects: Set<string>;
  say(line: string): void;
  /** Asks the service about accounts, and records its answers. */
  ask(names: readonly string[]): Promise<void>;
}

/**
 * Opens an overlay for an account whose login works. Refreshes the access token first when it is old. When the login of an
 * account is dead, the next account is tried.
 */
export async function openReadyOverlay(request: OverlayRequest): Promise<SessionOverlay> {
  const { paths, config, tokens, wish, suspects, say, ask } = request;
  let targets = await readCheckedTargets(paths, config, wish, ask);
  for (let left = config.targets.length; ; left--) {
    const overlay = openSessionOverlay(paths, config, new Date(), wish, targets);
    const { slot, target, suspect } = overlay;
    if (suspect !== undefined) suspects.add(suspect);
    const check = suspects.delete(target) ? 'verifyLogin' : 'prepare';
    const isDead = (await tokens[check](target)) === 'needs-login';
    // The service is also asked about the accounts that are not used now, but nobody waits for those answers.
    for (const other of suspects) void tokens.verifyLogin(other);
    suspects.clear();
    if (!isDead || wish.wanted?.kind === 'only' || left <= 1) return overlay;
    say(`codex-hotswap: ${tellDeadLogin(target)}`);
    for (const problem of await closeSessionOverlay(paths, config, slot, target)) {
      say(`codex-hotswap: ${problem}`);
    }
    // The service was asked, at most once in a launch.
    targets = readTargets(paths, config);
  }
}
