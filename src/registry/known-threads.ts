import { existsSync } from 'node:fs';
import type { LaunchRecord, Segment } from './launch-record.ts';

/** A thread on record. */
export interface KnownThread {
  thread: string;
  rollout: string;
  cwd: string;
  /** Its first and its last segment on record. */
  first: Segment;
  last: Segment;
}

/** The threads on record whose rollouts still exist, the last used first. */
export function listKnownThreads(launches: readonly LaunchRecord[]): KnownThread[] {
  const uses = new Map<string, Use[]>();
  for (const { cwd, segments } of launches) {
    for (const segment of segments) {
      const { thread, rollout } = segment;
      if (thread === undefined || rollout === undefined) continue;
      const use = { segment, rollout, cwd, isRefused: isRefused(segment, segments) };
      uses.set(thread, [...(uses.get(thread) ?? []), use]);
    }
  }
  return [...uses]
    .map(([thread, all]) => describeThread(thread, all))
    .filter(({ rollout }) => existsSync(rollout))
    .sort((a, b) => (a.last.from < b.last.from ? 1 : -1));
}

interface Use {
  segment: Segment;
  rollout: string;
  cwd: string;
  isRefused: boolean;
}

function describeThread(thread: string, all: readonly Use[]): KnownThread {
  const own = all.filter((use) => !use.isRefused);
  const byTime = (own.length > 0 ? own : all).toSorted((a, b) =>
    a.segment.from < b.segment.from ? -1 : 1,
  );
  const [first, last] = [byTime[0], byTime.at(-1)] as [Use, Use];
  return { thread, rollout: last.rollout, cwd: last.cwd, first: first.segment, last: last.segment };
}

/** Whether the account went on with a copy of the thread. Then it did not run the thread itself. */
function isRefused({ thread, target }: Segment, segments: readonly Segment[]): boolean {
  return segments.some(({ copyOf, target: other }) => copyOf === thread && other === target);
}
