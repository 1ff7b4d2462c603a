import type { Paths } from '../state/paths.ts';
import { type AccountState, changeAccountState, readAccountState } from './account-state.ts';
import { afterAnswer, afterFigures, afterRefusal, wouldAnswerHelp } from './evidence.ts';
import type { Mark } from './marks.ts';
import type { Usage } from './usage.ts';

// Each function writes one fact into an account's state (evidence.ts). They throw what `changeAccountState` throws.

/** Records that the account was refused. */
export function recordRefusal(paths: Paths, target: string, mark: Mark): AccountState {
  return changeAccountState(paths, target, (state) => afterRefusal(state, mark, Date.now() / 1000));
}

/** Records how much the account has used. Figures that are older than the recorded ones change nothing. */
export function recordUsage(paths: Paths, target: string, usage: Usage): AccountState {
  return changeAccountState(paths, target, (state) =>
    afterFigures(state, usage, Date.now() / 1000),
  );
}

/** Records that the account has answered a turn. Takes no lock when no mark ends by that. @param at its beginning, epoch seconds. */
export function recordAnswer(paths: Paths, target: string, at: number): void {
  if (!wouldAnswerHelp(readAccountState(paths, target).state, at)) return;
  changeAccountState(paths, target, (state) => afterAnswer(state, at));
}
