import type { Strategy } from '../state/config.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { readUsage, tightest, type UsageWindow } from './usage.ts';

/**
 * Picks the target to work under among those that may be used. Pure.
 * @param usable in search order, not empty: of equal targets the first is taken.
 */
export function prefer(
  usable: readonly TargetSnapshot[],
  strategy: Strategy,
  nowSeconds: number,
): TargetSnapshot {
  const candidates = usable.map((snapshot) => measure(snapshot, nowSeconds));
  const willing = candidates.filter((candidate) => !shouldBeSpared(candidate, candidates));
  const better = COMPARE[strategy];
  const best = willing.reduce((first, next) => (better(next, first) ? next : first));
  return best.snapshot;
}

interface Candidate {
  snapshot: TargetSnapshot;
  /** Percent, of the window that is nearest to its end; 100 when nothing is known. */
  left: number;
  /** Epoch seconds at which its longest window opens again; Infinity when unknown. */
  resetsAt: number;
}

/** Below its threshold an account is left alone as long as another has more. */
function shouldBeSpared({ snapshot, left }: Candidate, all: readonly Candidate[]): boolean {
  return left < (snapshot.target.threshold ?? 0) && all.some((other) => other.left > left);
}

const COMPARE: Record<Strategy, (a: Candidate, b: Candidate) => boolean> = {
  order: () => false,
  'most-left': (a, b) => a.left > b.left,
  // The rest of a window is lost at its reset, so the account whose window is reset first is used first.
  'soonest-reset': (a, b) => (a.left > 0 === b.left > 0 ? a.resetsAt < b.resetsAt : a.left > 0),
};

function measure(snapshot: TargetSnapshot, nowSeconds: number): Candidate {
  const windows = readUsage(snapshot.state.usage)?.windows ?? [];
  return {
    snapshot,
    left: tightest(windows, nowSeconds)?.left ?? 100,
    resetsAt: resetOfLongest(windows, nowSeconds),
  };
}

function resetOfLongest(windows: readonly UsageWindow[], nowSeconds: number): number {
  const running = windows.filter(({ resetsAt = 0 }) => resetsAt > nowSeconds);
  const longest = running.toSorted((a, b) => (b.minutes ?? 0) - (a.minutes ?? 0))[0];
  return longest?.resetsAt ?? Number.POSITIVE_INFINITY;
}
