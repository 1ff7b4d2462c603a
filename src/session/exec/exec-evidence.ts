import { stat } from 'node:fs/promises';
import { dropUndefined } from '../../codex/json.ts';
import {
  endedBefore,
  type LimitProof,
  proveLimit,
  proveToldLimit,
} from '../../codex/limit-proof.ts';
import { classifyLimitText, isCompactionError, isExhaustion } from '../../codex/limits.ts';
import { isReserveModel } from '../../codex/reserve.ts';
import { correctTime, type RateLimits, type RolloutFact } from '../../codex/rollout.ts';
import { readRolloutFacts } from '../../codex/rollout-file.ts';
import type { OpenThread } from '../../codex/thread-files.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';

/** The record of an ended exec. */
export interface ExecRecord {
  thread: SessionThread;
  facts: RolloutFact[];
}

/** Only the last turn of a long thread matters. Reading begins this far before the end of its rollout. */
const HISTORY_BYTES = 1024 * 1024;

/** The byte of a rollout at which the lines of one child begin, and the start of that child. */
export interface FreshPart {
  from: number;
  startedAtMs: number;
}

/**
 * Reads the end of an exec's rollout. Throws what `open` throws.
 * @param fresh the lines of this child. They get times after its start, even if the clock has been set back since.
 */
export async function readExecRecord(open: OpenThread, fresh?: FreshPart): Promise<ExecRecord> {
  const { size } = await stat(open.rollout);
  const start = Math.max(0, size - HISTORY_BYTES);
  const read = await readRolloutFacts(open.rollout, start);
  const facts =
    fresh === undefined ? read.facts : await correctTimes(open.rollout, read.facts, fresh);
  const contexts = facts.filter((fact) => fact.type === 'turn_context');
  const context = contexts.findLast(({ model }) => !isReserveModel(model)) ?? contexts.at(-1);
  const thread: SessionThread = {
    id: open.threadId,
    rollout: open.rollout,
    onReserve: isReserveModel(contexts.at(-1)?.model),
    ...dropUndefined({
      cwd: context?.cwd ?? open.cwd,
      model: context?.model,
      effort: context?.effort,
    }),
  };
  return { thread, facts };
}

async function correctTimes(
  rollout: string,
  facts: readonly RolloutFact[],
  { from, startedAtMs }: FreshPart,
): Promise<RolloutFact[]> {
  const { length } = (await readRolloutFacts(rollout, from)).facts;
  return facts.map((fact, index) => {
    const isFresh = index >= facts.length - length;
    return isFresh ? correctTime(fact, Math.max(0, startedAtMs - (fact.at ?? startedAtMs))) : fact;
  });
}

/**
 * The proof of a limit for a child that has failed. Its message is on the user's own stderr, which we do not read. Codex up to
 * 0.144 records no error (fact 68). There the exit status and a snapshot of a full window are the proof.
 */
export function proveExecLimit(
  facts: readonly RolloutFact[],
  startedAtMs: number,
  answeredFor: ReadonlySet<string>,
): LimitProof | undefined {
  return proveLimit({ facts, startedAtMs, seenTurnIds: answeredFor, sawText: true });
}

/** Whether the record has the end of the last turn, and that turn has ended after the start of the child. */
export function hasEndedTurn(facts: readonly RolloutFact[], startedAtMs: number): boolean {
  const last = facts.findLast(({ type }) => type === 'task_started' || type === 'task_complete');
  return last?.type === 'task_complete' && !endedBefore(last, startedAtMs);
}

/** Whether the failed turn has lost its prompt. 0.150 records a prompt only after the compaction of its thread (fact 64). */
export function hasLostPrompt(
  facts: readonly RolloutFact[],
  startedAtMs: number,
  { message = '' }: LimitProof,
): boolean {
  const isPrompt = ({ type, at = 0 }: RolloutFact) => type === 'prompt' && at >= startedAtMs;
  return isCompactionError(message) && !facts.some(isPrompt);
}

/**
 * The proof for a run whose record ends before the failure: Codex has told it on its stdout. @param facts of the record, for the
 * usage. Undefined for a message that tells no limit.
 */
export function proveByMessage(
  message: string | undefined,
  facts: readonly RolloutFact[],
  nowMs: number,
): LimitProof | undefined {
  const kind = message === undefined ? undefined : classifyLimitText(message)?.kind;
  if (message === undefined || kind === undefined || !isExhaustion(kind)) return undefined;
  const usage = facts.findLast((fact) => fact.type === 'token_count');
  return proveToldLimit(`told-${nowMs}`, message, usage?.limits);
}

/** The proof for a failed run without a record: the service says that the account is used up. */
export function proveByAccount(limits: RateLimits, nowMs: number): LimitProof | undefined {
  const facts: RolloutFact[] = [
    { type: 'token_count', limits },
    { type: 'task_complete', turnId: `account-${nowMs}`, answered: false },
  ];
  return proveExecLimit(facts, 0, new Set());
}
