import { existsSync } from 'node:fs';
import type { LaunchRecord, Segment } from './launch-record.ts';

/** A thread as the registry knows it. */
export interface KnownThread {
  thread: string;
  rollout: string;
  cwd: string;
  /** The first segment on record, and the last. */
  first: Segment;
  last: Segment;
}

/** The threads on record whose rollouts still exist, the last used first. */
export function listKnownThreads(launches: readonly LaunchRecord[]): KnownThread[] {
  const stretches = new Map<string, Stretch[]>();
  for (const { cwd, segments } of launches) {
    for (const segment of segments) {
      const { thread, rollout } = segment;
      if (thread === undefined || rollout === undefined) continue;
      const stretch = { segment, rollout, cwd, isRefused: isRefused(segment, segments) };
      stretches.set(thread, [...(stretches.get(thread) ?? []), stretch]);
    }
  }
  return [...stretches]
    .map(([thread, all]) => describeThread(thread, all))
    .filter(({ rollout }) => existsSync(rollout))
    .sort((a, b) => (a.last.from < b.last.from ? 1 : -1));
}

interface Stretch {
  segment: Segment;
  rollout: string;
  cwd: string;
  isRefused: boolean;
}

function describeThread(thread: string, all: readonly Stretch[]): KnownThread {
  const own = all.filter((stretch) => !stretch.isRefused);
  const byTime = (own.length > 0 ? own : all).toSorted((a, b) =>
    a.segment.from < b.segment.from ? -1 : 1,
  );
  const [first, last] = [byTime[0], byTime.at(-1)] as [Stretch, Stretch];
  return { thread, rollout: last.rollout, cwd: last.cwd, first: first.segment, last: last.segment };
}

/** Whether the account went on with a copy of the thread, so it did not run the thread itself. */
function isRefused({ thread, target }: Segment, segments: readonly Segment[]): boolean {
  return segments.some(({ copyOf, target: other }) => copyOf === thread && other === target);
}
