import { statSync } from 'node:fs';
import { dropUndefined } from '../../codex/json.ts';
import { isReserveModel, type ReserveState, updateReserveState } from '../../codex/reserve.ts';
import { correctTime, type RolloutFact } from '../../codex/rollout.ts';
import { readRolloutFacts, readSessionMeta } from '../../codex/rollout-file.ts';
import type { Agent } from '../../handoff/agents.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';

/** A rollout that the living child has open, and its facts so far. */
export interface FollowedRollout {
  file: string;
  /** Undefined for the thread of a sub-agent, which cannot be resumed. */
  thread: SessionThread | undefined;
  /** Set for an agent that the model has spawned. Of the other sub-agents nothing is read: their parent's turn fails as well. */
  agent: Agent | undefined;
  offset: number;
  /** Of the last turn only. */
  facts: RolloutFact[];
  /** The prompts of the user since the child was started. */
  prompts: string[];
  turns: Turn[];
  /** Epoch milliseconds. */
  lastTurnAt: number;
  /** It was read before, so new facts were written in this session. */
  wasRead?: true;
  reserve?: ReserveState | undefined;
}

/** A turn, in epoch milliseconds. It has no end while it runs. */
export interface Turn {
  from: number;
  to?: number;
  /** The record has its prompt. So it is no `/compact`, and its prompt was not lost. */
  hasPrompt: boolean;
}

/** A rollout can have 50 MB, and old turns do not matter. Reading begins this far before its end. */
const HISTORY_BYTES = 1024 * 1024;

/**
 * @param startedAtMs the start of the child.
 * @returns undefined when the first line is not written yet. The file of a new thread is empty for a moment.
 */
export async function openRollout(
  file: string,
  startedAtMs: number,
): Promise<FollowedRollout | undefined> {
  const meta = await readSessionMeta(file);
  if (meta === undefined) return undefined;
  const { size } = statSync(file);
  const thread = { id: meta.threadId, rollout: file, ...dropUndefined({ cwd: meta.cwd }) };
  const agent = meta.agent && { id: meta.threadId, ...dropUndefined({ name: meta.agent.name }) };
  return {
    file,
    thread: meta.subagent ? undefined : thread,
    agent,
    offset: Math.max(0, size - HISTORY_BYTES),
    facts: [],
    prompts: [],
    turns: [],
    lastTurnAt: 0,
    // A thread that this child has begun is not on the reserve model until Codex has switched it.
    ...((meta.at ?? 0) >= startedAtMs && { reserve: { onReserve: false } }),
  };
}

/**
 * Reads on. @returns the new facts.
 * @param startedAtMs the start of the child.
 * @param aheadMs how far the clock has been set back in this session.
 */
export async function readOn(
  rollout: FollowedRollout,
  startedAtMs: number,
  aheadMs = 0,
): Promise<RolloutFact[]> {
  const { thread, agent, file } = rollout;
  if (thread === undefined && agent === undefined) return [];
  const read = await readRolloutFacts(file, rollout.offset);
  // The facts of the first reading may have been written before the clock was set back.
  const facts = read.facts.map((fact) => correctTime(fact, rollout.wasRead ? aheadMs : 0));
  rollout.offset = read.offset;
  rollout.wasRead = true;
  for (const fact of facts) {
    if (fact.type === 'prompt') {
      // The record of an agent has the prompts of its parent.
      if (thread === undefined) continue;
      const turn = rollout.turns.at(-1);
      if (turn !== undefined) turn.hasPrompt = true;
      if ((fact.at ?? 0) >= startedAtMs) rollout.prompts.push(fact.text);
      continue;
    }
    if (isTurnMark(fact)) recordTurn(rollout.turns, fact);
    rollout.lastTurnAt = Math.max(rollout.lastTurnAt, fact.at ?? 0);
    if (fact.type === 'task_started') rollout.facts.length = 0;
    rollout.facts.push(fact);
    if (thread === undefined) continue;
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
  }
  return facts;
}

/** The fact begins or ends a turn. */
export function isTurnMark({ type }: RolloutFact): boolean {
  return type === 'task_started' || type === 'task_complete' || type === 'turn_aborted';
}

function recordTurn(turns: Turn[], { type, at = 0 }: RolloutFact): void {
  const last = turns.at(-1);
  if (last !== undefined) last.to ??= at;
  if (type !== 'task_started') return;
  turns.push({ from: at, hasPrompt: false });
  if (turns.length > MOST_TURNS) turns.shift();
}

/** No user queues prompts for more turns than this. */
const MOST_TURNS = 100;
