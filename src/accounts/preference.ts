import type { LimitWindow } from '../codex/bounds.ts';
import type { Strategy } from '../state/config.ts';
import { USES, type Usable } from './standing.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { readUsage, tightest } from './usage.ts';

/** A usable target, and what pays for its next turn. */
export interface UsableTarget {
  snapshot: TargetSnapshot;
  standing: Usable;
}

/**
 * Chooses one of the usable targets: among those with the best use, by the strategy. Pure.
 * @param usable in search order, not empty. The first one of equal targets is chosen.
 */
export function prefer(
  usable: readonly UsableTarget[],
  strategy: Strategy,
  nowSeconds: number,
): UsableTarget {
  const rank = ({ standing }: UsableTarget) => USES.indexOf(standing.use);
  const best = Math.min(...usable.map(rank));
  const candidates = usable
    .filter((one) => rank(one) === best)
    .map((one) => measure(one, nowSeconds));
  const allowed = candidates.filter((candidate) => !shouldBeSpared(candidate, candidates));
  const isBetter = IS_BETTER[strategy];
  return allowed.reduce((first, next) => (isBetter(next, first) ? next : first)).one;
}

interface Candidate {
  one: UsableTarget;
  /** Percent left in the window that has least; 100 when nothing is known. */
  left: number;
  /** When the longest window is reset, epoch seconds; Infinity when unknown. */
  resetsAt: number;
}

/** An account below its threshold is not used while another account has more left. */
function shouldBeSpared({ one, left }: Candidate, all: readonly Candidate[]): boolean {
  return left < (one.snapshot.target.threshold ?? 0) && all.some((other) => other.left > left);
}

const IS_BETTER: Record<Strategy, (a: Candidate, b: Candidate) => boolean> = {
  order: () => false,
  'most-left': (a, b) => a.left > b.left,
  // At a reset the unused part of a window is lost, so the account with the first reset is used first.
  'soonest-reset': (a, b) => (a.left > 0 === b.left > 0 ? a.resetsAt < b.resetsAt : a.left > 0),
};

function measure(one: UsableTarget, nowSeconds: number): Candidate {
  const windows = readUsage(one.snapshot.state.usage)?.windows ?? [];
  return {
    one,
    left: tightest(windows, nowSeconds)?.left ?? 100,
    resetsAt: findLongestReset(windows, nowSeconds),
  };
}

function findLongestReset(windows: readonly LimitWindow[], nowSeconds: number): number {
  const running = windows.filter(({ resetsAt = 0 }) => resetsAt > nowSeconds);
  const longest = running.toSorted((a, b) => (b.minutes ?? 0) - (a.minutes ?? 0))[0];
  return longest?.resetsAt ?? Number.POSITIVE_INFINITY;
}
