import { statSync } from 'node:fs';
import { isReserveModel, type ReserveState, updateReserveState } from '../../codex/reserve.ts';
import { correctTime, type RolloutFact } from '../../codex/rollout.ts';
import { readRolloutFacts, readSessionMeta } from '../../codex/rollout-file.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';

/** A rollout that the living child has open, as far as it was read. */
export interface FollowedRollout {
  /** Undefined for a sub-agent's: its parent's turn fails by itself and is the one to resume. */
  thread: SessionThread | undefined;
  offset: number;
  /** Of the last turn only. */
  facts: RolloutFact[];
  /** Since the child was started. */
  prompts: string[];
  turns: Turn[];
  /** Epoch milliseconds; of equal threads the one opened last counts. */
  lastTurnAt: number;
  /** It was read before, so all that is new was written since. */
  wasRead?: true;
  reserve?: ReserveState | undefined;
}

/** Epoch milliseconds; without an end while it runs. */
export interface Turn {
  from: number;
  to?: number;
  /** What the user said is in the record: it was no `/compact`, and nothing was lost. */
  hasPrompt: boolean;
}

/** Old turns are of no interest, and a rollout can have 50 MB: reading begins this far before its end. */
const HISTORY_BYTES = 1024 * 1024;

/**
 * @param startedAtMs when the child was started.
 * @returns undefined when its first line is not written yet: a new thread's file is empty for a moment.
 */
export async function openRollout(
  file: string,
  startedAtMs: number,
): Promise<FollowedRollout | undefined> {
  const meta = await readSessionMeta(file);
  if (meta === undefined) return undefined;
  const { size } = statSync(file);
  const thread = {
    id: meta.threadId,
    rollout: file,
    ...(meta.cwd === undefined ? {} : { cwd: meta.cwd }),
  };
  return {
    thread: meta.subagent ? undefined : thread,
    offset: Math.max(0, size - HISTORY_BYTES),
    facts: [],
    prompts: [],
    turns: [],
    lastTurnAt: 0,
    // A thread of this child's own begins on the reserve only if Codex, knowing the account, puts it there.
    ...((meta.at ?? 0) >= startedAtMs && { reserve: { onReserve: false } }),
  };
}

/**
 * Reads on; returns what is new.
 * @param startedAtMs when the child was started.
 * @param aheadMs how far the clock was set back in this session.
 */
export async function readOn(
  rollout: FollowedRollout,
  startedAtMs: number,
  aheadMs = 0,
): Promise<RolloutFact[]> {
  const { thread } = rollout;
  if (thread === undefined) return [];
  const read = await readRolloutFacts(thread.rollout, rollout.offset);
  // What is there at first may be from before the clock was set back.
  const facts = read.facts.map((fact) => correctTime(fact, rollout.wasRead ? aheadMs : 0));
  rollout.offset = read.offset;
  rollout.wasRead = true;
  for (const fact of facts) {
    if (fact.type === 'prompt') {
      const turn = rollout.turns.at(-1);
      if (turn !== undefined) turn.hasPrompt = true;
      if ((fact.at ?? 0) >= startedAtMs) rollout.prompts.push(fact.text);
      continue;
    }
    if (isTurnMark(fact)) noteTurn(rollout.turns, fact);
    rollout.lastTurnAt = Math.max(rollout.lastTurnAt, fact.at ?? 0);
    if (fact.type === 'task_started') rollout.facts.length = 0;
    if (fact.type === 'settings' || fact.type === 'turn_context') {
      rollout.reserve = updateReserveState(rollout.reserve, fact, startedAtMs);
      thread.onReserve = rollout.reserve?.onReserve ?? false;
    }
    if (fact.type === 'goal') thread.hasGoal = fact.active;
    if (fact.type === 'turn_context') {
      if (fact.cwd !== undefined) thread.cwd = fact.cwd;
      if (!isReserveModel(fact.model)) {
        if (fact.model !== undefined) thread.model = fact.model;
        if (fact.effort !== undefined) thread.effort = fact.effort;
      }
    }
    rollout.facts.push(fact);
  }
  return facts;
}

/** The fact begins or ends a turn. */
export function isTurnMark({ type }: RolloutFact): boolean {
  return type === 'task_started' || type === 'task_complete' || type === 'turn_aborted';
}

function noteTurn(turns: Turn[], { type, at = 0 }: RolloutFact): void {
  const last = turns.at(-1);
  if (last !== undefined) last.to ??= at;
  if (type !== 'task_started') return;
  turns.push({ from: at, hasPrompt: false });
  if (turns.length > MOST_TURNS) turns.shift();
}

/** Nobody types prompts ahead for longer than this. */
const MOST_TURNS = 100;
