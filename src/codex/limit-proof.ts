import { readResetTime } from './bounds.ts';
import {
  classifyLimitText,
  isExhaustion,
  type LimitKind,
  parseLimitName,
  parseResetTime,
} from './limits.ts';
import type { LimitWindow, RateLimits, RolloutFact } from './rollout.ts';

/** What the record says: this turn ended because the account is of no use any more. */
export interface LimitProof {
  kind: LimitKind | 'needs-login';
  /** Epoch seconds; absent when neither the record nor the text says when. */
  until?: number;
  limitName?: string;
  plan?: string;
  message?: string;
  turnId: string;
}

export interface ProofQuestion {
  /** The facts of this thread since it was last asked about, in order, from the beginning of a turn on. */
  facts: readonly RolloutFact[];
  /** When this child was started, epoch milliseconds: what ended before is a replay (fact 65). */
  startedAtMs: number;
  /** Turns already answered for; the caller adds each proof's `turnId`. */
  seenTurnIds: Pick<ReadonlySet<string>, 'has'>;
  /** Whether a known exhaustion text was in an error cell (or an exec's stderr) since this child was started. */
  sawText: boolean;
  /** The text that was seen, for its kind and time where the record has none (Codex up to 0.144). */
  text?: string;
}

/**
 * The proof of a limit: the last turn that ended in these facts, after this start and not answered for yet, ended of
 * `usage_limit_exceeded`; or, for Codex up to 0.144 which records no error (fact 68), ended without an answer after a
 * snapshot that is full, with the text seen. A text alone, or a full snapshot alone, proves nothing.
 */
export function proveLimit(question: ProofQuestion): LimitProof | undefined {
  let proof: LimitProof | undefined;
  let limits: RateLimits | undefined;
  let turnId: string | undefined;
  for (const fact of question.facts) {
    if (fact.type === 'task_started') {
      // A turn that began after the failed one says that Codex went on by itself: the failure is history.
      proof = undefined;
      limits = undefined;
      turnId = fact.turnId;
    } else if (fact.type === 'token_count') {
      limits = fact.limits ?? limits;
    } else if (fact.type === 'task_complete') {
      // Codex of the time before turn ids in the record: the line's own time is as good a name.
      const id = fact.turnId ?? turnId ?? `at-${fact.at ?? 0}`;
      if (endedBefore(fact, question.startedAtMs) || question.seenTurnIds.has(id)) continue;
      proof = proveTurn(fact, id, limits, question);
    }
  }
  return proof;
}

/** Whether a snapshot says that the account is used up: a window at 100 %, or a reached limit said outright. */
function isExhausted(limits: RateLimits): boolean {
  return limits.reachedType !== undefined || fullWindows(limits).length > 0;
}

type TaskComplete = Extract<RolloutFact, { type: 'task_complete' }>;

/**
 * Whether a turn ended before a child was started, so that its record is a replay (fact 65). `completed_at` is in whole
 * seconds and survives a fork's copying, the line's own time has milliseconds and does not.
 */
export function endedBefore({ at, completedAt }: TaskComplete, startedAtMs: number): boolean {
  if (at !== undefined && at < startedAtMs) return true;
  return completedAt !== undefined && completedAt < Math.floor(startedAtMs / 1000);
}

function proveTurn(
  { at, writtenAt = at, error, answered }: TaskComplete,
  turnId: string,
  limits: RateLimits | undefined,
  { sawText, text }: ProofQuestion,
): LimitProof | undefined {
  if (error === undefined) {
    const proven = sawText && !answered && limits !== undefined && isExhausted(limits);
    return proven ? describeLimit(turnId, text, limits, writtenAt) : undefined;
  }
  if (error.info === 'usage_limit_exceeded') {
    return describeLimit(turnId, error.message, limits, writtenAt);
  }
  // In the record the message is Codex's own word, not something a model may have quoted.
  const classified = classifyLimitText(error.message);
  if (classified?.kind !== 'needs-login') return undefined;
  return { kind: 'needs-login', turnId, message: error.message };
}

function describeLimit(
  turnId: string,
  message: string | undefined,
  limits: RateLimits | undefined,
  at: number | undefined,
): LimitProof {
  const kind = kindOf(message, limits);
  const toldAt = new Date(at ?? Date.now());
  const said = message === undefined ? undefined : parseResetTime(message, toldAt);
  const until = resetOf(limits) ?? readResetTime(said, toldAt.getTime() / 1000);
  const limitName =
    limits?.limitName ?? (message === undefined ? undefined : parseLimitName(message));
  return {
    kind,
    turnId,
    ...(until === undefined || BY_HAND.has(kind) ? {} : { until }),
    ...(limitName === undefined ? {} : { limitName }),
    ...(limits?.plan === undefined ? {} : { plan: limits.plan }),
    ...(message === undefined ? {} : { message }),
  };
}

// What somebody has to pay, raise or buy: a window's reset, if the snapshot shows one, does not end it.
const BY_HAND: ReadonlySet<LimitKind> = new Set(['workspace-credits', 'spend-cap', 'not-in-plan']);

function kindOf(message: string | undefined, limits: RateLimits | undefined): LimitKind {
  const reached = limits?.reachedType ?? '';
  if (reached.endsWith('credits_depleted')) return 'workspace-credits';
  if (/^workspace_.*usage_limit_reached$/.test(reached)) return 'spend-cap';
  const classified = message === undefined ? undefined : classifyLimitText(message);
  const said =
    classified !== undefined && isExhaustion(classified.kind) ? classified.kind : 'unknown';
  if (limits?.limitId === 'base_model_inference') return 'reserve';
  if (said !== 'unknown') return said as LimitKind;
  if (limits === undefined) return 'unknown';
  return kindOfWindow(longest(fullWindows(limits)));
}

function kindOfWindow(window: LimitWindow | undefined): LimitKind {
  if (window === undefined) return 'unknown';
  if (window.minutes === 300) return 'window-5h';
  return window.minutes === 10_080 ? 'window-weekly' : 'window-other';
}

/** When an account is usable again, epoch seconds: when the last of its full windows has been reset. */
export function resetOf(limits: RateLimits | undefined): number | undefined {
  if (limits === undefined) return undefined;
  const resets = fullWindows(limits).map(({ resetsAt }) => resetsAt ?? 0);
  const last = Math.max(0, ...resets);
  return last === 0 ? undefined : last;
}

function fullWindows({ windows }: RateLimits): LimitWindow[] {
  return windows.filter(({ usedPercent }) => usedPercent >= 100);
}

function longest(windows: LimitWindow[]): LimitWindow | undefined {
  return windows.toSorted((a, b) => (b.minutes ?? 0) - (a.minutes ?? 0))[0];
}
