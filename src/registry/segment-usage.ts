import { stat } from 'node:fs/promises';
import type { Identity } from '../accounts/login.ts';
import { recordUsage } from '../accounts/record-facts.ts';
import { type Usage, usageFromLimits } from '../accounts/usage.ts';
import type { RolloutFact } from '../codex/rollout.ts';
import { readRolloutFacts } from '../codex/rollout-file.ts';
import type { Paths } from '../state/paths.ts';
import type { LaunchRecord, Segment } from './launch-record.ts';

/** The usage of a segment's account, from the segment's rollout. */
export interface SegmentUsage {
  /** ISO 8601. */
  firstTokenCountAt: string;
  lastTokenCountAt: string;
  usage?: Usage;
}

/** A rollout may have 50 MB, and only its last turns matter. */
const TAIL_BYTES = 1024 * 1024;

/**
 * Reads the `token_count`s of a segment from its rollout. A `token_count` does not name its account, so the times of the
 * segment select them. Undefined when the segment has none, or the file is gone.
 * @param nowMs the end of an open segment, epoch milliseconds.
 */
export async function readSegmentUsage(
  { thread, rollout, from, to }: Segment,
  nowMs: number,
  readCounts: (rollout: string) => Promise<TokenCount[]> = readTokenCounts,
): Promise<SegmentUsage | undefined> {
  if (rollout === undefined || thread === undefined) return undefined;
  const [begin, end] = [Date.parse(from), to === undefined ? nowMs : Date.parse(to)];
  const counts = await readCounts(rollout).catch(() => []);
  const own = counts.filter(({ at = 0 }) => at >= begin && at <= end);
  const [first, last] = [own[0]?.at, own.at(-1)?.at];
  if (first === undefined || last === undefined) return undefined;
  const told = own.findLast(({ limits }) => limits !== undefined);
  const capturedAt = (told?.at ?? 0) / 1000;
  return {
    firstTokenCountAt: new Date(first).toISOString(),
    lastTokenCountAt: new Date(last).toISOString(),
    ...(told?.limits === undefined
      ? {}
      : { usage: usageFromLimits(told.limits, { capturedAt, rollout, thread }) }),
  };
}

/** The account in a target's vault now. */
export type IdentityOf = (target: string) => Identity | undefined;

/**
 * Reads the rollouts of all segments, and records the usage of each target that still holds the account of its segment.
 * @param write records a usage.
 * @returns the record with the times of its `token_count`s.
 */
export async function gatherUsage(
  paths: Paths,
  record: LaunchRecord,
  identityOf: IdentityOf,
  nowMs: number,
  write = (target: string, usage: Usage): void => void recordUsage(paths, target, usage),
): Promise<LaunchRecord> {
  const segments: Segment[] = [];
  // The exit of codex waits for this function. So each rollout is read once, and each account's last usage is written once.
  const readCounts = onceForEach(readTokenCounts);
  const latest = new Map<string, Usage>();
  for (const segment of record.segments) {
    const told = await readSegmentUsage(segment, nowMs, readCounts);
    if (told === undefined) {
      segments.push(segment);
      continue;
    }
    const { usage, lastTokenCountAt } = told;
    // Only the end of a long rollout is read, so an earlier first count stays.
    const firstTokenCountAt = segment.firstTokenCountAt ?? told.firstTokenCountAt;
    segments.push({ ...segment, firstTokenCountAt, lastTokenCountAt });
    // Segments of an app-server run side by side.
    const isNewer = (latest.get(segment.target)?.capturedAt ?? 0) <= (usage?.capturedAt ?? 0);
    if (usage !== undefined && isNewer && holdsItsAccount(segment, identityOf) === true) {
      latest.set(segment.target, usage);
    }
  }
  for (const [target, usage] of latest) write(target, usage);
  return { ...record, segments };
}

/** Whether the target of a segment still holds the account of that segment; undefined when that is unknown. */
export function holdsItsAccount(
  { target, identity }: Segment,
  identityOf: IdentityOf,
): boolean | undefined {
  const held = identityOf(target);
  if (identity === undefined || held === undefined) return undefined;
  return held.userId === identity.userId && held.accountId === identity.accountId;
}

type TokenCount = Extract<RolloutFact, { type: 'token_count' }>;

async function readTokenCounts(rollout: string): Promise<TokenCount[]> {
  const { size } = await stat(rollout);
  const { facts } = await readRolloutFacts(rollout, Math.max(0, size - TAIL_BYTES));
  return facts.filter((fact) => fact.type === 'token_count');
}

function onceForEach<T>(read: (file: string) => Promise<T>): (file: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (file) => {
    const reading = known.get(file) ?? read(file);
    known.set(file, reading);
    return reading;
  };
}
