import { proveForeignReasoning } from '../../codex/foreign-reasoning.ts';
import { findResetTime, type LimitProof, proveLimit } from '../../codex/limit-proof.ts';
import { isCompactionError } from '../../codex/limits.ts';
import type { RateLimits, RolloutFact } from '../../codex/rollout.ts';
import { listOpenRollouts } from '../../codex/thread-files.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import {
  type FollowedRollout,
  isTurnMark,
  openRollout,
  readOn,
  type Turn,
} from './followed-rollout.ts';

export type Proven = LimitProof & {
  thread: SessionThread;
  /** No turn failed of it, and none runs: there is nothing to go on with. */
  isIdle?: boolean;
};

/** A turn that the service refused, as another account's model thought in its thread (fact 61). */
export interface Refused {
  thread: SessionThread;
  turnId: string;
}

/** A known exhaustion text in an error cell, and when it was drawn (epoch milliseconds). */
export interface SeenText {
  text: string;
  at: number;
}

/** What a look at the rollouts brought. */
export interface Look {
  proof?: Proven;
  refused?: Refused;
  /** A turn has begun since the child was started. */
  started: boolean;
  /** A turn ended with an answer since the last look. */
  answered: boolean;
  /** What that turn left of the account's own windows, if it told. */
  limits?: RateLimits;
  /** The thread that had the last turn is in the middle of it, by its record. */
  turnRuns: boolean;
}

export interface ThreadFollower {
  /** Reads what is new in every rollout the child has open. Looks are taken one after the other. */
  look(saw: SeenText | undefined): Promise<Look>;
  /** The root thread that last had a turn, following `/new`, `/fork` and `/resume` in the TUI. */
  current(): SessionThread | undefined;
  rollouts(): string[];
  record(): ChildRecord;
}

/** What the threads of a child tell of the time since it was started. */
export interface ChildRecord {
  /** What the user said. */
  prompts: readonly string[];
  /** In order. */
  turns: readonly Turn[];
}

/**
 * Follows the rollouts of one child; which they are is read from its open files (fact 55).
 * @param startedAtMs when the child was started: what ended before is a replay (fact 65).
 * @param answeredFor turns that already led to a rotation, of this launch; the caller adds to it.
 * @param listOpen the rollouts that a process has open.
 * @param aheadMs how far the clock was set back in this session, by now.
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

  async function look(saw: SeenText | undefined): Promise<Look> {
    for (const file of await listOpen(pid)) {
      if (known.has(file)) continue;
      const rollout = await openRollout(file, startedAtMs);
      if (rollout !== undefined) known.set(file, rollout);
    }
    const news: Look = { started, answered: false, turnRuns: false };
    for (const rollout of byLastTurn(known.values())) {
      const { thread, facts } = rollout;
      if (thread === undefined) continue;
      const fresh = (await readOn(rollout, startedAtMs, aheadMs())).filter(
        ({ at = 0 }) => at >= startedAtMs,
      );
      const text = textOfTurn(facts, saw);
      const question = { facts, startedAtMs, seenTurnIds: answeredFor };
      const proof = proveLimit({
        ...question,
        sawText: text !== undefined,
        ...(text === undefined ? {} : { text }),
      });
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
      if (!fresh.some((fact) => fact.type === 'task_complete' && fact.answered)) continue;
      news.answered = true;
      const told = facts.findLast((fact) => fact.type === 'token_count');
      // A named bucket is that of one model, not of the account.
      if (told?.limits !== undefined && told.limits.limitName === undefined) {
        news.limits = told.limits;
      }
    }
    started = news.started;
    return news;
  }

  return {
    look(saw) {
      const turn = queue.then(() => look(saw));
      queue = turn.catch(() => undefined);
      return turn;
    },
    current: () =>
      byLastTurn(known.values()).findLast(({ thread }) => thread !== undefined)?.thread,
    rollouts: () => [...known.keys()],
    record() {
      const rollouts = [...known.values()];
      return {
        prompts: rollouts.flatMap(({ prompts }) => prompts),
        turns: rollouts.flatMap(({ turns }) => turns).sort((a, b) => a.from - b.from),
      };
    },
  };
}

/**
 * Codex has left the thread's own model for the reserve: the account has no included usage left. No turn is cut off for it:
 * the one that runs is answered.
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
    ...(until === undefined ? {} : { until }),
  };
}

/**
 * The user's own `/compact`: whatever they had asked for before is done. A child's first turn is begun by the prompt it was
 * started with, which 0.150 has not in the record yet: without a word more the thread would stand still.
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

// A text that was drawn before the turn began belongs to another turn, or to a transcript painted again.
function textOfTurn(facts: readonly RolloutFact[], saw: SeenText | undefined): string | undefined {
  const begin = facts.find(({ type }) => type === 'task_started')?.at ?? 0;
  return saw !== undefined && saw.at >= begin ? saw.text : undefined;
}
