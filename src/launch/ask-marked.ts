import { chooseTarget } from '../accounts/choice.ts';
import { listDoubted } from '../accounts/doubt.ts';
import { readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { type AccountWish, readStart } from './account-wish.ts';
import type { AskContext } from './ask-account.ts';
import { checkAccount } from './check-account.ts';

/** Neither a launch nor a handoff waits longer for the answers. */
const MOST_MS = 3000;

/** Asks the service about accounts, and remembers the questions that have no answer yet. */
export interface Asker {
  /**
   * Asks side by side, before marks are trusted. Records the answers. Never throws. Without an answer in time the marks hold.
   */
  ask(names: readonly string[]): Promise<void>;
  /**
   * Resolves when every Codex that was asked has ended: 6 s after the question at the latest. An app-server that waits for the
   * service ignores SIGTERM, so it would outlive us.
   */
  settled(): Promise<void>;
}

export function createAsker(asking: Omit<AskContext, 'timeoutMs'>): Asker {
  let open: Promise<unknown> = Promise.resolve();
  return {
    async ask(names) {
      const asked = names.map((name) => checkAccount({ ...asking, timeoutMs: MOST_MS }, name));
      const answers = Promise.all(asked);
      open = Promise.all([open, answers]);
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, MOST_MS);
      });
      await Promise.race([answers, tooLate]);
      clearTimeout(timer);
    },
    async settled() {
      await open;
    },
  };
}

/**
 * Reads every account for the choice of a launch. Asks the service first when a mark decides that should not be trusted alone
 * (accounts/doubt.ts). A launch that has a usable account in order asks nobody.
 */
export async function readCheckedTargets(
  paths: Paths,
  config: Config,
  wish: AccountWish,
  ask: (names: readonly string[]) => Promise<void>,
): Promise<TargetSnapshot[]> {
  const { wanted } = wish;
  const targets = readTargets(paths, config);
  const mayRest = targets.some(
    ({ state, target }) => state.marks.length > 0 || target.credits === 'never',
  );
  if (!mayRest || wanted?.kind === 'only') return targets;
  const preferred = wanted?.target ?? readStart(paths, wish) ?? targets[0]?.target.name;
  const nowSeconds = Date.now() / 1000;
  const strategy = wanted === undefined ? config.strategy : 'order';
  const choice = chooseTarget({ targets, current: preferred, strategy, nowSeconds });
  const chosen = choice.kind === 'chosen' ? choice.target.name : undefined;
  const doubted = listDoubted({ targets, chosen, preferred, nowSeconds });
  if (doubted.length === 0) return targets;
  await ask(doubted);
  return readTargets(paths, config);
}
