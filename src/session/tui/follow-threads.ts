import { proveForeignReasoning } from '../../codex/foreign-reasoning.ts';
import { dropUndefined } from '../../codex/json.ts';
import { findResetTime, type LimitProof, proveLimit } from '../../codex/limit-proof.ts';
import { isCompactionError } from '../../codex/limits.ts';
import type { RateLimits, RolloutFact } from '../../codex/rollout.ts';
import { listOpenRollouts } from '../../codex/thread-files.ts';
import type { Agent } from '../../handoff/agents.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import { type AgentNews, listRunning, readAgents } from './follow-agents.ts';
import {
  type FollowedRollout,
  isTurnMark,
  openRollout,
  readOn,
  type Turn,
} from './followed-rollout.ts';

export type Proven = LimitProof & {
  thread: SessionThread;
  /** The limit has cut off no turn, and no turn runs. */
  isIdle?: boolean;
};

/** A turn that the service refused, because its thread has reasoning of another account's model (fact 61). */
export interface Refused {
  thread: SessionThread;
  turnId: string;
}

/** A known text of a limit in an error cell, and when it was drawn (epoch milliseconds). */
export interface SeenText {
  text: string;
  at: number;
}

/** The news in the rollouts of a child. */
export interface RecordNews extends AgentNews {
  proof?: Proven;
  refused?: Refused;
  /** A turn has begun since the child was started. */
  started: boolean;
  /** A turn ended with an answer since the last news. */
  answered: boolean;
  /** When that turn began, epoch milliseconds. */
  beganAt?: number;
  /** The account's usage after that turn, if the record has it. */
  limits?: RateLimits;
  /** By the record, the newest turn of all threads runs. */
  turnRuns: boolean;
}

export interface ThreadFollower {
  /** Reads the news in every rollout that the child has open. Calls are answered one after the other. */
  readNews(seenText: SeenText | undefined): Promise<RecordNews>;
  /** The root thread with the newest turn. So it follows `/new`, `/fork` and `/resume` in the TUI. */
  current(): SessionThread | undefined;
  rollouts(): string[];
  /** As of the last news. */
  runningAgents(): readonly Agent[];
  record(): ChildRecord;
}

/** The prompts and the turns of a child since its start, from its threads. */
export interface ChildRecord {
  /** The prompts of the user. */
  prompts: readonly string[];
  /** In order. */
  turns: readonly Turn[];
}

/**
 * Follows the rollouts of one child. They are among the child's open files (fact 55).
 * @param startedAtMs the start of the child. A turn that ended before is a replay (fact 65).
 * @param answeredFor the failed turns that this session has acted on.
 * @param listOpen lists the rollouts that a process has open.
 * @param aheadMs how far the clock has been set back in this session.
 */
export function followThreads(
  pid: number,
  startedAtMs: number,
  answeredFor: Pick<ReadonlySet<string>, 'has'>,
  listOpen: (pid: number) => Promise<string[]> = listOpenRollouts,
  aheadMs: () => number = () => 0,
): ThreadFollower {
  const known = new Map<string, FollowedRollout>();
  let started = false;
  let queue: Promise<unknown> = Promise.resolve();

  async function readNews(seenText: SeenText | undefined): Promise<RecordNews> {
    const open = new Set(await listOpen(pid));
    for (const file of open) {
      if (known.has(file)) continue;
      const rollout = await openRollout(file, startedAtMs);
      if (rollout !== undefined) known.set(file, rollout);
    }
    const news: RecordNews = {
      ...{ started, answered: false, turnRuns: false },
      ...(await readAgents(known, { open, startedAtMs, aheadMs: aheadMs(), answeredFor })),
    };
    for (const rollout of byLastTurn(known.values())) {
      const { thread, facts } = rollout;
      if (thread === undefined) continue;
      const fresh = (await readOn(rollout, startedAtMs, aheadMs())).filter(
        ({ at = 0 }) => at >= startedAtMs,
      );
      const text = textOfTurn(facts, seenText);
      const question = { facts, startedAtMs, seenTurnIds: answeredFor };
      const sawText = text !== undefined;
      const proof = proveLimit({ ...question, sawText, ...dropUndefined({ text }) });
      const found = proof ?? proveReserve(rollout, answeredFor);
      if (found !== undefined) {
        news.proof = {
          thread,
          ...(endsOnlyCompaction(found, rollout, startedAtMs) && { isIdle: true }),
          ...found,
        };
      }
      const turnId = proveForeignReasoning(question);
      if (turnId !== undefined) news.refused = { thread, turnId };
      news.started ||= fresh.some(({ type }) => type === 'task_started');
      news.turnRuns = facts.findLast(isTurnMark)?.type === 'task_started';
      const answer = fresh.findLast((fact) => fact.type === 'task_complete' && fact.answered);
      if (answer === undefined) continue;
      news.answered = true;
      const { at: endedAt = 0 } = answer;
      news.beganAt = rollout.turns.findLast(({ from }) => from <= endedAt)?.from ?? startedAtMs;
      const told = facts.findLast((fact) => fact.type === 'token_count');
      // A named bucket belongs to one model, not to the account.
      if (told?.limits !== undefined && told.limits.limitName === undefined) {
        news.limits = told.limits;
      }
    }
    started = news.started;
    return news;
  }

  return {
    readNews(seenText) {
      const news = queue.then(() => readNews(seenText));
      queue = news.catch(() => undefined);
      return news;
    },
    current: () =>
      byLastTurn(known.values()).findLast(({ thread }) => thread !== undefined)?.thread,
    rollouts: () => [...known.keys()],
    runningAgents: () => listRunning(known.values(), startedAtMs),
    record() {
      // The record of an agent begins with a copy of its parent's record.
      const rollouts = [...known.values()].filter(({ thread }) => thread !== undefined);
      return {
        prompts: rollouts.flatMap(({ prompts }) => prompts),
        turns: rollouts.flatMap(({ turns }) => turns).sort((a, b) => a.from - b.from),
      };
    },
  };
}

/**
 * Codex has switched from the thread's own model to the reserve model, because the account has no included usage left. Codex
 * cuts off no turn for this, so a turn that runs is answered.
 */
function proveReserve(
  { reserve, facts }: FollowedRollout,
  answeredFor: Pick<ReadonlySet<string>, 'has'>,
): Omit<Proven, 'thread'> | undefined {
  const turnId = `reserve-${reserve?.switchedAt}`;
  if (reserve?.switchedAt === undefined || answeredFor.has(turnId)) return undefined;
  const last = facts.findLast(isTurnMark);
  if (last === undefined || last.type === 'task_started') return undefined;
  const told = facts.findLast((fact) => fact.type === 'token_count')?.limits;
  const until = told && findResetTime(told);
  return {
    kind: 'reserve',
    turnId,
    isIdle: last.type === 'task_complete' && last.answered,
    ...dropUndefined({ until }),
  };
}

/**
 * The limit was met in the user's own `/compact`, so no work was cut off. The first turn of a child is no `/compact`: a start
 * prompt began it. 0.150 records that prompt only after the compaction (fact 64).
 */
function endsOnlyCompaction(
  { message = '' }: Omit<LimitProof, 'turnId'>,
  { turns, thread }: FollowedRollout,
  startedAtMs: number,
): boolean {
  const own = turns.filter(({ from }) => from >= startedAtMs);
  const isCompact = own.length > 1 && own.at(-1)?.hasPrompt === false;
  return isCompactionError(message) && isCompact && thread?.hasGoal !== true;
}

function byLastTurn(rollouts: Iterable<FollowedRollout>): FollowedRollout[] {
  return [...rollouts].sort((a, b) => a.lastTurnAt - b.lastTurnAt);
}

/** The text, unless it was drawn before the turn began. Then it belongs to another turn, or to an old transcript. */
function textOfTurn(
  facts: readonly RolloutFact[],
  seenText: SeenText | undefined,
): string | undefined {
  const begin = facts.find(({ type }) => type === 'task_started')?.at ?? 0;
  return seenText !== undefined && seenText.at >= begin ? seenText.text : undefined;
}
