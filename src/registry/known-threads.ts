import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { listFlagValues, parseArgv } from '../codex/argv.ts';
import type { LaunchRecord, Segment } from './launch-record.ts';

/** A thread on record. */
export interface KnownThread {
  thread: string;
  rollout: string;
  /** Its working directory in the launch that used it last. */
  cwd: string;
  /** `codex exec` began it, so Codex lists it only when it is asked for such threads (fact 47). */
  isOfExec: boolean;
  /** Its first and its last segment on record. */
  first: Segment;
  last: Segment;
}

/** The threads on record whose rollouts still exist, the last used first. */
export function listKnownThreads(launches: readonly LaunchRecord[]): KnownThread[] {
  const uses = new Map<string, Use[]>();
  for (const launch of launches) {
    const { mode, segments } = launch;
    const cwd = directoryOf(launch);
    for (const segment of segments) {
      const { thread, rollout } = segment;
      if (thread === undefined || rollout === undefined) continue;
      const use = {
        segment,
        rollout,
        cwd: segment.cwd ?? cwd,
        mode,
        isRefused: isRefused(segment, segments),
      };
      uses.set(thread, [...(uses.get(thread) ?? []), use]);
    }
  }
  return [...uses]
    .map(([thread, all]) => describeThread(thread, all))
    .filter(({ rollout }) => existsSync(rollout))
    .sort((a, b) => (a.last.from < b.last.from ? 1 : -1));
}

/**
 * The copy in which the work on a thread went on last (see handoff/answers.ts).
 * @returns undefined when it went on in the thread itself, and for an unknown thread.
 */
export function findLastCopy(
  thread: string,
  launches: readonly LaunchRecord[],
): string | undefined {
  const uses = launches
    .flatMap(({ segments }) => segments.map((segment) => ({ segment, segments })))
    .toSorted((a, b) => (a.segment.from < b.segment.from ? -1 : 1));
  // A copy may have been copied.
  const family = new Set([thread]);
  let last: string | undefined;
  for (const { segment, segments } of uses) {
    const { thread: used, copyOf, rollout } = segment;
    if (used === undefined) continue;
    if (copyOf !== undefined && family.has(copyOf)) family.add(used);
    if (!family.has(used) || isRefused(segment, segments)) continue;
    if (rollout !== undefined && existsSync(rollout)) last = used;
  }
  return last === thread ? undefined : last;
}

interface Use {
  segment: Segment;
  rollout: string;
  cwd: string;
  mode: LaunchRecord['mode'];
  isRefused: boolean;
}

function describeThread(thread: string, all: readonly Use[]): KnownThread {
  const own = all.filter((use) => !use.isRefused);
  const byTime = (own.length > 0 ? own : all).toSorted((a, b) =>
    a.segment.from < b.segment.from ? -1 : 1,
  );
  const [first, last] = [byTime[0], byTime.at(-1)] as [Use, Use];
  const isOfExec = first.mode === 'exec';
  const { rollout, cwd } = last;
  return { thread, rollout, cwd, isOfExec, first: first.segment, last: last.segment };
}

/** Whether the account went on with a copy of the thread. Then it did not run the thread itself. */
function isRefused({ thread, target }: Segment, segments: readonly Segment[]): boolean {
  return segments.some(({ copyOf, target: other }) => copyOf === thread && other === target);
}

/** The record has the directory of the start. `-C` gives Codex another one, but not an app-server. */
function directoryOf({ cwd, mode, args = [] }: LaunchRecord): string {
  const hasOption = mode !== 'app-server' && args.some((word) => /^(?:-C|--cd)/.test(word));
  return hasOption ? resolve(cwd, listFlagValues(parseArgv(args), 'cd').at(-1) ?? '.') : cwd;
}
