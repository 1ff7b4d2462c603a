import { dropUndefined } from '../codex/json.ts';
import type { AccountState } from './account-state.ts';
import { boundMark, CLOCK_SLACK_SECONDS, type Mark, type MarkKind, withMark } from './marks.ts';
import { isFullNow, readUsage, type Usage } from './usage.ts';

// What each new fact does to the record of an account. A refusal is a fact, a percentage is a forecast: figures alone never
// mark an account. Later facts win, in whatever order they are recorded. One exception: an answer that ended no mark is not kept, so
// an older refusal that is recorded after it marks.

/** The account was refused. @param mark of the refusal; its end is bounded here. */
export function afterRefusal(before: AccountState, mark: Mark, nowSeconds: number): AccountState {
  const bounded = boundMark(mark);
  const state = withoutFuture(before, Math.max(nowSeconds, mark.at));
  if (isDisproved(bounded, state)) return before;
  const marks = withMark(state.marks, bounded);
  return JSON.stringify(marks) === JSON.stringify(before.marks) ? before : { ...state, marks };
}

/** The service, or the record of a thread, told how much is used. Figures that are older than the known ones change nothing. */
export function afterFigures(state: AccountState, told: Usage, nowSeconds: number): AccountState {
  const known = readUsage(withoutFuture(state, nowSeconds).usage);
  if (known !== undefined && known.capturedAt > told.capturedAt) return state;
  // The record of a thread names no banked resets. Those that are known stay.
  const usage: Usage = { ...dropUndefined({ resets: known?.resets }), ...told };
  return withoutDisproved({ ...state, usage });
}

/** The account answered a turn. @param at when the turn began, epoch seconds. */
export function afterAnswer(state: AccountState, at: number): AccountState {
  const answered = { ...state, answeredAt: Math.max(at, state.answeredAt ?? 0) };
  const changed = withoutDisproved(answered);
  // The time is kept only where it ended a mark. Without this each turn would be a write.
  return changed.marks.length === state.marks.length ? state : changed;
}

/** Whether an answered turn would end one of the marks. @param at when the turn began, epoch seconds. */
export function wouldAnswerHelp(state: AccountState, at: number): boolean {
  return afterAnswer(state, at) !== state;
}

/** Whether figures from the service could end the mark. The other marks need an answered turn, a person, or time. */
export function canFiguresEnd({ kind }: Mark): boolean {
  return ENDED_BY[kind] === 'figures';
}

/**
 * A fact with a time in the future was written under a clock that was ahead. It would outlast every later fact, so it is
 * forgotten.
 */
function withoutFuture(state: AccountState, nowSeconds: number): AccountState {
  const { usage, answeredAt, ...rest } = state;
  const isPast = (at: number) => at <= nowSeconds + CLOCK_SLACK_SECONDS;
  const capturedAt = readUsage(usage)?.capturedAt;
  return {
    ...rest,
    marks: state.marks.filter(({ at, until }) => until === null || isPast(at)),
    ...dropUndefined({
      usage: capturedAt === undefined || isPast(capturedAt) ? usage : undefined,
      answeredAt: answeredAt !== undefined && isPast(answeredAt) ? answeredAt : undefined,
    }),
  };
}

function withoutDisproved(state: AccountState): AccountState {
  return { ...state, marks: state.marks.filter((mark) => !isDisproved(mark, state)) };
}

/** Whether a later fact about the account shows that the limit of the mark has ended. */
export function isDisproved(mark: Mark, state: AccountState): boolean {
  const evidence = ENDED_BY[mark.kind];
  if (evidence === 'person') return false;
  if ((state.answeredAt ?? 0) > mark.at) return true;
  const usage = readUsage(state.usage);
  if (evidence === 'answer' || usage?.source !== 'live' || usage.capturedAt <= mark.at)
    return false;
  // Figures come only with a login that works.
  return mark.kind === 'needs-login' || isHealthy(usage);
}

function isHealthy(usage: Usage): boolean {
  if (usage.ordinaryAllowed !== undefined) return usage.ordinaryAllowed;
  const { windows, capturedAt, reachedType } = usage;
  return windows.length > 0 && reachedType === undefined && !isFullNow(windows, capturedAt);
}

/**
 * What ends a mark before its time. `figures`: the service tells that ordinary usage is allowed, or an answered turn.
 * `answer`: only an answered turn, because the account was refused while its figures were good. `person`: neither.
 */
const ENDED_BY: Record<MarkKind, 'figures' | 'answer' | 'person'> = {
  'window-5h': 'figures',
  'window-weekly': 'figures',
  'window-other': 'figures',
  reserve: 'figures',
  'needs-login': 'figures',
  unknown: 'answer',
  'api-quota': 'answer',
  'not-in-plan': 'answer',
  'model-bucket': 'person',
  'workspace-credits': 'person',
  'spend-cap': 'person',
  manual: 'person',
};
