import { existsSync } from 'node:fs';
import type { LaunchRecord, Segment } from './registry.ts';

/** A thread as the registry knows it. */
export interface KnownThread {
  thread: string;
  rollout: string;
  cwd: string;
  /** The stretch it was begun in, as far as is known, and the one it ran in last. */
  first: Segment;
  last: Segment;
}

/** The threads on record whose rollouts are still there, the last used first. */
export function listKnownThreads(launches: readonly LaunchRecord[]): KnownThread[] {
  const threads = new Map<string, KnownThread>();
  for (const { cwd, segments } of launches) {
    for (const segment of segments) {
      const { thread, rollout } = segment;
      if (thread === undefined || rollout === undefined) continue;
      const known = threads.get(thread);
      if (known === undefined) {
        threads.set(thread, { thread, rollout, cwd, first: segment, last: segment });
        continue;
      }
      if (segment.from < known.first.from) known.first = segment;
      if (segment.from >= known.last.from) known.last = segment;
    }
  }
  return [...threads.values()]
    .filter(({ rollout }) => existsSync(rollout))
    .sort((a, b) => (a.last.from < b.last.from ? 1 : -1));
}
