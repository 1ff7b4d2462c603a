import { type LimitWindow, readResetTime } from './bounds.ts';
import { dropUndefined } from './json.ts';
import {
  classifyLimitText,
  isExhaustion,
  type LimitKind,
  nameWindow,
  parseLimitName,
  parseResetTime,
} from './limits.ts';
import type { RateLimits, RolloutFact } from './rollout.ts';

/** The record says that a turn ended because the account cannot be used any more. */
export interface LimitProof {
  kind: LimitKind | 'needs-login';
  /** The reset of the full windows, epoch seconds. Absent when no window is full, or when no time is known. */
  until?: number;
  /** The length of the longest full window. */
  minutes?: number;
  limitName?: string;
  plan?: string;
  message?: string;
  turnId: string;
}

export interface ProofQuestion {
  /** The facts of the thread since the last question, in order. They begin with the beginning of a turn. */
  facts: readonly RolloutFact[];
  /** Start of this child, epoch milliseconds. A turn that ended before is a replay (fact 65). */
  startedAtMs: number;
  /** Turns that were handled before; the caller adds the `turnId` of each proof. */
  seenTurnIds: Pick<ReadonlySet<string>, 'has'>;
  /** Since the start of this child an error cell (or the stderr of an exec) has shown a known text of a limit. */
  sawText: boolean;
  /** That text. Up to Codex 0.144 the record has no error, so kind and time are read from the text. */
  text?: string;
}

/**
 * Proves a limit: the last turn that ended after this start, and that was not handled yet, has the error
 * `usage_limit_exceeded`. Up to Codex 0.144 the record has no error (fact 68). There three facts together are the proof: the
 * turn has no answer, the last usage before its end is full, and the text was seen.
 */
export function proveLimit(question: ProofQuestion): LimitProof | undefined {
  let proof: LimitProof | undefined;
  let limits: RateLimits | undefined;
  let turnId: string | undefined;
  for (const fact of question.facts) {
    if (fact.type === 'task_started') {
      // A later turn shows that Codex went on by itself.
      proof = undefined;
      limits = undefined;
      turnId = fact.turnId;
    } else if (fact.type === 'token_count') {
      limits = fact.limits ?? limits;
    } else if (fact.type === 'task_complete') {
      // Old records have no turn ids: the time of the line identifies the turn.
      const id = fact.turnId ?? turnId ?? `at-${fact.at ?? 0}`;
      if (endedBefore(fact, question.startedAtMs) || question.seenTurnIds.has(id)) continue;
      proof = proveTurn(fact, id, limits, question);
    }
  }
  return proof;
}

/** The proof for a limit that Codex has told its client, when the record is late or has nothing of it. @param limits the usage then. */
export function proveToldLimit(
  turnId: string,
  message: string,
  limits: RateLimits | undefined,
): LimitProof | undefined {
  const error = { info: 'usage_limit_exceeded', message };
  const facts: RolloutFact[] = [
    ...(limits === undefined ? [] : [{ type: 'token_count', limits } as const]),
    { type: 'task_complete', turnId, answered: false, error },
  ];
  return proveLimit({ facts, startedAtMs: 0, seenTurnIds: new Set(), sawText: true });
}

type TaskComplete = Extract<RolloutFact, { type: 'task_complete' }>;

/**
 * Whether a turn ended before the start of a child, so that its record is a replay (fact 65). A fork copies
 * `completed_at`, which is in whole seconds. The time of the line has milliseconds, but a fork writes it anew.
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
  // On the screen a model may quote this text. The error of the record comes from Codex.
  const needsLogin = classifyLimitText(error.message)?.kind === 'needs-login';
  return needsLogin ? { kind: 'needs-login', turnId, message: error.message } : undefined;
}

function isExhausted(limits: RateLimits): boolean {
  return limits.reachedType !== undefined || listFullWindows(limits).length > 0;
}

function describeLimit(
  turnId: string,
  message: string | undefined,
  limits: RateLimits | undefined,
  at = Date.now(),
): LimitProof {
  const text = message ?? '';
  const kind = classifyLimit(text, limits);
  const full = listFullWindows(limits);
  // A refusal without a full window is a short one, whatever time its sentence names.
  const isWindow = full.length > 0 && !ENDED_BY_HAND.has(kind);
  const told =
    findResetTime(limits) ?? readResetTime(parseResetTime(text, new Date(at)), at / 1000);
  return {
    kind,
    turnId,
    ...dropUndefined({
      until: isWindow ? told : undefined,
      minutes: isWindow ? longestOf(full) : undefined,
      limitName: limits?.limitName ?? parseLimitName(text),
      plan: limits?.plan,
      message,
    }),
  };
}

/** A person must pay, raise or buy something. The reset of a window does not end these limits. */
const ENDED_BY_HAND: ReadonlySet<LimitKind> = new Set([
  'workspace-credits',
  'spend-cap',
  'not-in-plan',
]);

function classifyLimit(text: string, limits: RateLimits | undefined): LimitKind {
  const reached = limits?.reachedType ?? '';
  if (reached.endsWith('credits_depleted')) return 'workspace-credits';
  if (/^workspace_.*usage_limit_reached$/.test(reached)) return 'spend-cap';
  if (limits?.limitId === 'base_model_inference') return 'reserve';
  const kind = classifyLimitText(text)?.kind ?? 'unknown';
  return isExhaustion(kind) && kind !== 'unknown' ? kind : classifyWindows(listFullWindows(limits));
}

function classifyWindows(full: readonly LimitWindow[]): LimitKind {
  if (full.length === 0) return 'unknown';
  return nameWindow(longestOf(full));
}

function longestOf(windows: readonly LimitWindow[]): number | undefined {
  return Math.max(0, ...windows.map(({ minutes = 0 }) => minutes)) || undefined;
}

/** When the account can be used again, epoch seconds: the latest reset of its full windows. */
export function findResetTime(limits: RateLimits | undefined): number | undefined {
  return Math.max(0, ...listFullWindows(limits).map(({ resetsAt = 0 }) => resetsAt)) || undefined;
}

function listFullWindows(limits: RateLimits | undefined): LimitWindow[] {
  return limits?.windows.filter(({ usedPercent }) => usedPercent >= 100) ?? [];
}
