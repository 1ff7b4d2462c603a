import type { LimitWindow } from '../codex/bounds.ts';
import type { Strategy } from '../state/config.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { readUsage, tightest } from './usage.ts';

/**
 * Chooses one of the usable targets by the strategy. Pure.
 * @param usable in search order, not empty. The first one of equal targets is chosen.
 */
export function prefer(
  usable: readonly TargetSnapshot[],
  strategy: Strategy,
  nowSeconds: number,
): TargetSnapshot {
  const candidates = usable.map((snapshot) => measure(snapshot, nowSeconds));
  const allowed = candidates.filter((candidate) => !shouldBeSpared(candidate, candidates));
  const isBetter = IS_BETTER[strategy];
  return allowed.reduce((first, next) => (isBetter(next, first) ? next : first)).snapshot;
}

interface Candidate {
  snapshot: TargetSnapshot;
  /** Percent left in the window that has least; 100 when nothing is known. */
  left: number;
  /** When the longest window is reset, epoch seconds; Infinity when unknown. */
  resetsAt: number;
}

/** An account below its threshold is not used while another account has more left. */
function shouldBeSpared({ snapshot, left }: Candidate, all: readonly Candidate[]): boolean {
  return left < (snapshot.target.threshold ?? 0) && all.some((other) => other.left > left);
}

const IS_BETTER: Record<Strategy, (a: Candidate, b: Candidate) => boolean> = {
  order: () => false,
  'most-left': (a, b) => a.left > b.left,
  // At a reset the unused part of a window is lost, so the account with the first reset is used first.
  'soonest-reset': (a, b) => (a.left > 0 === b.left > 0 ? a.resetsAt < b.resetsAt : a.left > 0),
};

function measure(snapshot: TargetSnapshot, nowSeconds: number): Candidate {
  const windows = readUsage(snapshot.state.usage)?.windows ?? [];
  return {
    snapshot,
    left: tightest(windows, nowSeconds)?.left ?? 100,
    resetsAt: findLongestReset(windows, nowSeconds),
  };
}

function findLongestReset(windows: readonly LimitWindow[], nowSeconds: number): number {
  const running = windows.filter(({ resetsAt = 0 }) => resetsAt > nowSeconds);
  const longest = running.toSorted((a, b) => (b.minutes ?? 0) - (a.minutes ?? 0))[0];
  return longest?.resetsAt ?? Number.POSITIVE_INFINITY;
}
