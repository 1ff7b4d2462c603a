import { statSync } from 'node:fs';
import { type LimitProof, proveLimit } from '../codex/limit-proof.ts';
import type { RolloutFact } from '../codex/rollout.ts';
import { readRolloutFacts, readSessionMeta } from '../codex/rollout-file.ts';
import { openRollouts } from '../codex/thread-files.ts';

/** A thread of the living child, as far as its rollout tells. */
export interface FollowedThread {
  id: string;
  rollout: string;
  cwd?: string;
  /** Of the last turn. */
  model?: string;
  effort?: string;
}

export type Proven = LimitProof & { thread: FollowedThread };

/** What a look at the rollouts brought. */
export interface Look {
  proof?: Proven;
  /** A turn ended with an answer since the last look. */
  answered: boolean;
  /** The last turn of the thread in front has ended; if there is no proof now, there will be none. */
  ended: boolean;
}

export interface ThreadFollower {
  /** Reads what is new in every rollout the child has open. Looks are taken one after the other. */
  look(sawText: string | undefined): Promise<Look>;
  /** The root thread that last had a turn, following `/new`, `/fork` and `/resume` in the TUI. */
  current(): FollowedThread | undefined;
  rollouts(): string[];
}

/**
 * Follows the rollouts of one child; which they are is read from its open files (facts M8, 3).
 * @param startedAtMs when the child was started: what ended before is a replay (fact M15).
 * @param answeredFor turns that already led to a rotation, of this launch; the caller adds to it.
 */
export function followThreads(
  pid: number,
  startedAtMs: number,
  answeredFor: ReadonlySet<string>,
): ThreadFollower {
  const known = new Map<string, Rollout>();
  let queue: Promise<unknown> = Promise.resolve();

  async function look(sawText: string | undefined): Promise<Look> {
    for (const file of await openRollouts(pid)) {
      if (!known.has(file)) known.set(file, await openRollout(file));
    }
    const news: Look = { answered: false, ended: false };
    for (const rollout of byLastTurn(known.values())) {
      const { thread, facts } = rollout;
      if (thread === undefined) continue;
      const ended = await readOn(rollout, startedAtMs);
      const proof = proveLimit({
        facts,
        startedAtMs,
        seenTurnIds: answeredFor,
        sawText: sawText !== undefined,
        ...(sawText === undefined ? {} : { text: sawText }),
      });
      if (proof !== undefined) news.proof = { ...proof, thread };
      news.answered ||= ended.some(({ answered }) => answered);
      news.ended = facts.some(({ type }) => type === 'task_complete');
    }
    return news;
  }

  return {
    look(sawText) {
      const turn = queue.then(() => look(sawText));
      queue = turn.catch(() => undefined);
      return turn;
    },
    current: () =>
      byLastTurn(known.values()).findLast(({ thread }) => thread !== undefined)?.thread,
    rollouts: () => [...known.keys()],
  };
}

interface Rollout {
  /** Undefined for a sub-agent's: its parent's turn fails by itself and is the one to resume. */
  thread: FollowedThread | undefined;
  offset: number;
  /** Of the last turn only. */
  facts: RolloutFact[];
  /** Epoch milliseconds; of equal threads the one opened last counts. */
  lastTurnAt: number;
}

function byLastTurn(rollouts: Iterable<Rollout>): Rollout[] {
  return [...rollouts].sort((a, b) => a.lastTurnAt - b.lastTurnAt);
}

/** Old turns are of no interest, and a rollout can have 50 MB: reading begins this far before its end. */
const HISTORY_BYTES = 1024 * 1024;

async function openRollout(file: string): Promise<Rollout> {
  const meta = await readSessionMeta(file);
  const { size } = statSync(file);
  const thread =
    meta === undefined || meta.subagent
      ? undefined
      : { id: meta.threadId, rollout: file, ...(meta.cwd === undefined ? {} : { cwd: meta.cwd }) };
  return { thread, offset: Math.max(0, size - HISTORY_BYTES), facts: [], lastTurnAt: 0 };
}

type TaskComplete = Extract<RolloutFact, { type: 'task_complete' }>;

/** Reads on, and tells which turns of this child's time ended. */
async function readOn(rollout: Rollout, startedAtMs: number): Promise<TaskComplete[]> {
  const { thread } = rollout;
  if (thread === undefined) return [];
  const { facts, offset } = await readRolloutFacts(thread.rollout, rollout.offset);
  rollout.offset = offset;
  const ended: TaskComplete[] = [];
  for (const fact of facts) {
    rollout.lastTurnAt = Math.max(rollout.lastTurnAt, fact.at ?? 0);
    if (fact.type === 'task_started') rollout.facts.length = 0;
    if (fact.type === 'task_complete' && (fact.at ?? 0) >= startedAtMs) ended.push(fact);
    if (fact.type === 'turn_context') {
      if (fact.cwd !== undefined) thread.cwd = fact.cwd;
      if (fact.model !== undefined) thread.model = fact.model;
      if (fact.effort !== undefined) thread.effort = fact.effort;
    }
    rollout.facts.push(fact);
  }
  return ended;
}
