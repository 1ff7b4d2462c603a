import type { AwaitedAccount, HandoffAccounts } from './accounts.ts';
import type { Driver } from './driver.ts';
import type { Event } from './events.ts';
import { titleWaiting } from './messages.ts';
import type { Timers } from './timers.ts';
import { awaitReset, type ResetWait, type WaitRules } from './wait-for-reset.ts';

interface CountdownParts {
  driver: Pick<Driver, 'perform' | 'onNextKey'>;
  accounts: Pick<HandoffAccounts, 'chooseAgain'>;
  wait?: WaitRules;
  timers: Timers;
  dispatch(event: Event): void;
}

/** Codex may set its own title. So the countdown is written again this often, even if it is unchanged. */
const TITLE_MS = 5000;

/**
 * The wait for the first account to come back, with a countdown in the title. Dispatches `account-back` or `gave-up`, and
 * `typed` at the next key.
 */
export function createCountdown({ driver, accounts, wait, timers, dispatch }: CountdownParts) {
  let waiting: ResetWait | undefined;

  function end(): void {
    waiting?.stop();
    driver.onNextKey(undefined);
  }

  return {
    begin(earliest: AwaitedAccount): void {
      if (wait === undefined) return;
      driver.onNextKey(() => dispatch({ name: 'typed' }));
      waiting = awaitReset({
        ...wait,
        earliest,
        chooseAgain: accounts.chooseAgain,
        now: Date.now,
        after: timers.after,
        show: showCountdown(driver),
        back(target) {
          end();
          dispatch({ name: 'account-back', target });
        },
        gaveUp(reason) {
          end();
          dispatch({ name: 'gave-up', reason });
        },
      });
    },
    end,
  };
}

function showCountdown(driver: Pick<Driver, 'perform'>) {
  let shown = '';
  let shownAt = 0;
  return (awaited: AwaitedAccount): void => {
    const note = titleWaiting(awaited, new Date());
    if (note === shown && performance.now() - shownAt < TITLE_MS) return;
    shown = note;
    shownAt = performance.now();
    driver.perform({ do: 'set-title', note });
  };
}
