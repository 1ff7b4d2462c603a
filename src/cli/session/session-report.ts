import { stat } from 'node:fs/promises';
import { readThreadPreview } from '../../codex/thread-preview.ts';
import { isRunning, type LaunchRecord, type Segment } from '../../registry/launch-record.ts';
import {
  holdsItsAccount,
  type IdentityOf,
  readSegmentUsage,
} from '../../registry/segment-usage.ts';
import type { Paths } from '../../state/paths.ts';

/** One launch as `sessions` shows it; the shape of `sessions --json`, so keys are only ever added. */
export interface SessionReport {
  launch: string;
  /** Whether it runs now. */
  active: boolean;
  /** The supervisor. */
  pid: number;
  mode: 'interactive' | 'exec';
  cwd: string;
  args: string[];
  startedAt: string;
  /** Null while it runs, and when it was killed. */
  endedAt: string | null;
  /** The account it ran under last. */
  target: string;
  /** Whether the target still holds that account; null when that is unknown. */
  sameAccount: boolean | null;
  /** The thread it worked on last; null when it had no turn. */
  thread: string | null;
  title: string | null;
  /** Null too when the file is gone. */
  rollout: string | null;
  segments: Segment[];
  /** What the last segment's own rollout said about its account. */
  usage: {
    capturedAt: string;
    windows: { minutes?: number; usedPercent: number; resetsAt?: number }[];
  } | null;
  /** The command that goes on with the thread. */
  resume: string | null;
}

/** Reads only the rollout of the record. */
export async function reportSession(
  record: LaunchRecord,
  facts: { paths: Pick<Paths, 'sessionsDir'>; identityOf: IdentityOf; now: Date },
): Promise<SessionReport | undefined> {
  const last = record.segments.at(-1);
  if (last === undefined) return undefined;
  const rollout = record.rollout;
  const exists = rollout !== undefined && (await stat(rollout).catch(() => undefined));
  const told = exists ? await readSegmentUsage(last, facts.now.getTime()) : undefined;
  const { thread } = record;
  return {
    launch: record.launch,
    active: isRunning(record, facts.paths),
    pid: record.pid,
    mode: record.mode,
    cwd: record.cwd,
    args: record.args ?? [],
    startedAt: record.startedAt,
    endedAt: record.endedAt ?? null,
    target: last.target,
    sameAccount: holdsItsAccount(last, facts.identityOf) ?? null,
    thread: thread ?? null,
    title: (exists && (await readThreadPreview(rollout))) || null,
    rollout: exists ? rollout : null,
    segments: record.segments,
    usage:
      told?.usage === undefined
        ? null
        : { capturedAt: told.lastTokenCountAt, windows: told.usage.windows },
    resume: exists && thread !== undefined ? `codex-hotswap resume ${thread}` : null,
  };
}
