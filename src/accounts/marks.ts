import { LIMIT_KINDS } from '../codex/limit-texts.ts';

/** Why an account is not used now: a limit, a login that was refused, or a person's wish. */
export const MARK_KINDS = [...LIMIT_KINDS, 'needs-login', 'manual'] as const;

export type MarkKind = (typeof MARK_KINDS)[number];

export interface Mark {
  kind: MarkKind;
  /** When the mark ends by itself, epoch seconds; null: a person ends it, and a new login ends `needs-login`. */
  until: number | null;
  /** When the mark was made, epoch seconds. It may have a fraction: the order of two facts decides (evidence.ts). */
  at: number;
  /** The length of the window that is full, in minutes. It bounds the mark of a window without a name. */
  minutes?: number;
  /** The model of a `model-bucket` mark: other models of the account may still work. */
  limitName?: string;
  /** The workspace (account id) of the limit: no target of that workspace is chosen. */
  workspace?: string;
  message?: string;
}

/** The marks that have not ended. A mark from the future was made under a wrong clock, and its end is wrong as well. */
export function activeMarks(state: { marks: readonly Mark[] }, nowSeconds: number): Mark[] {
  return state.marks.filter(
    ({ until, at }) =>
      until === null || (until > nowSeconds && at <= nowSeconds + CLOCK_SLACK_SECONDS),
  );
}

/** A time that is further ahead was written under a wrong clock. Two machines may share a home, so clocks may differ a little. */
export const CLOCK_SLACK_SECONDS = 3600;

/** Adds a mark. Of two marks of the same limit the later one stays. Marks that have ended are removed. */
export function withMark(marks: readonly Mark[], added: Mark): Mark[] {
  const isSame = (mark: Mark) => mark.kind === added.kind && mark.limitName === added.limitName;
  if (marks.some((mark) => isSame(mark) && mark.at > added.at)) return [...marks];
  const isOver = ({ until }: Mark) => until !== null && until <= added.at;
  return [...marks.filter((mark) => !isSame(mark) && !isOver(mark)), added];
}

/**
 * The same mark with an end that is possible: not before the mark, and no later than the end of the longest window that the
 * limit can belong to. A service or a clock may name any time.
 */
export function boundMark(mark: Mark): Mark {
  const { until, at } = mark;
  if (until === null) return mark;
  const bounded = Math.min(Math.max(until, Math.floor(at)), Math.ceil(at) + longestRest(mark));
  return bounded === until ? mark : { ...mark, until: bounded };
}

/** Whether the mark is for the whole workspace, and not for one person in it. */
export function isWorkspaceMark(mark: Mark): mark is Mark & { workspace: string } {
  return (
    (mark.kind === 'workspace-credits' || mark.kind === 'spend-cap') && mark.workspace !== undefined
  );
}

/** In seconds. A seventh more than the window: a week's limit rests 8 days at most, because two clocks differ. */
function longestRest({ kind, minutes }: Mark): number {
  const window = FIXED_MINUTES[kind] ?? (WINDOW_KINDS.has(kind) ? (minutes ?? WEEK) : undefined);
  return window === undefined ? LONGEST_COOLDOWN : Math.ceil((window * 60 * 8) / 7);
}

const WEEK = 7 * 1440;
const FIXED_MINUTES: Partial<Record<MarkKind, number>> = {
  'window-5h': 300,
  'window-weekly': WEEK,
};
/** The limits with a window of their own. Its length is a week where the service does not name it. */
const WINDOW_KINDS: ReadonlySet<MarkKind> = new Set(['window-other', 'model-bucket', 'reserve']);
/** The longest `cooldownMinutes` is 31 days. */
const LONGEST_COOLDOWN = 32 * 86_400;

const MARK_TEXTS: Record<MarkKind, string> = {
  'window-5h': 'its 5-hour limit is used up',
  'window-weekly': 'its weekly limit is used up',
  'window-other': 'its limit is used up',
  'model-bucket': 'its limit for this model is used up',
  'workspace-credits': 'its workspace is out of credits',
  'spend-cap': 'its spend cap is reached',
  'not-in-plan': 'its plan does not include Codex',
  'api-quota': 'its API quota is used up',
  reserve: 'its ordinary usage is used up',
  'needs-login': 'needs a new login',
  manual: 'set aside by hand',
  unknown: 'its limit is used up',
};

/** A mark in words, without its end. */
export function describeMark(mark: Mark): string {
  return MARK_TEXTS[mark.kind] + (mark.limitName === undefined ? '' : ` (${mark.limitName})`);
}
