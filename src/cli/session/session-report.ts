import { stat } from 'node:fs/promises';
import { readThreadPreview } from '../../codex/thread-preview.ts';
import {
  isRunning,
  type LaunchMode,
  type LaunchRecord,
  type Segment,
} from '../../registry/launch-record.ts';
import {
  holdsItsAccount,
  type IdentityOf,
  readSegmentUsage,
} from '../../registry/segment-usage.ts';
import type { Paths } from '../../state/paths.ts';

/** One launch as `sessions` shows it. It is the shape of `sessions --json`, so keys are only added. */
export interface SessionReport {
  launch: string;
  /** It runs now. */
  active: boolean;
  /** Of the supervisor. */
  pid: number;
  mode: LaunchMode;
  /** The program that an app-server serves; null for another session, and when it is unknown. */
  client: string | null;
  cwd: string;
  args: string[];
  startedAt: string;
  /** Null while it runs, and when it was killed. */
  endedAt: string | null;
  /** The target it ran under last. */
  target: string;
  /** Whether the target still holds the account of the session; null when that is unknown. */
  sameAccount: boolean | null;
  /** The thread of its last turn; null before the first turn. */
  thread: string | null;
  title: string | null;
  /** Null also when the file is gone. */
  rollout: string | null;
  segments: Segment[];
  /** The usage of the account, from the rollout of the last segment. */
  usage: {
    capturedAt: string;
    windows: { minutes?: number; usedPercent: number; resetsAt?: number }[];
  } | null;
  /** The command that continues the thread. */
  resume: string | null;
  /** Each of its threads, the last begun last. An app-server works on several at once. */
  threads: ThreadReport[];
}

export interface ThreadReport extends Pick<SessionReport, 'title' | 'rollout' | 'resume'> {
  thread: string;
}

/** Makes the report of a launch. Of all rollouts it reads only that of the record. @returns undefined without a segment. */
export async function reportSession(
  record: LaunchRecord,
  facts: { paths: Pick<Paths, 'sessionsDir'>; identityOf: IdentityOf; now: Date },
): Promise<SessionReport | undefined> {
  const last = record.segments.at(-1);
  if (last === undefined) return undefined;
  const threads = await reportThreads(record.segments);
  const thread = record.thread ?? null;
  const { title, rollout, resume } = threads.find((report) => report.thread === thread) ?? {
    ...{ title: null, rollout: null, resume: null },
  };
  const found = rollout !== null ? await readSegmentUsage(last, facts.now.getTime()) : undefined;
  return {
    launch: record.launch,
    active: isRunning(record, facts.paths),
    pid: record.pid,
    mode: record.mode,
    client: record.client ?? null,
    cwd: record.cwd,
    args: record.args ?? [],
    startedAt: record.startedAt,
    endedAt: record.endedAt ?? null,
    target: last.target,
    sameAccount: holdsItsAccount(last, facts.identityOf) ?? null,
    ...{ thread, title, rollout },
    segments: record.segments,
    usage:
      found?.usage === undefined
        ? null
        : { capturedAt: found.lastTokenCountAt, windows: found.usage.windows },
    resume,
    threads,
  };
}

async function reportThreads(segments: readonly Segment[]): Promise<ThreadReport[]> {
  const files = new Map(segments.map(({ thread, rollout }) => [thread, rollout]));
  const reports = [...files].slice(-MOST_THREADS).map(async ([thread, file]) => {
    if (thread === undefined) return [];
    const exists = file !== undefined && (await stat(file).catch(() => undefined)) !== undefined;
    const title = (exists && (await readThreadPreview(file))) || null;
    const resume = exists ? `codex-hotswap resume ${thread}` : null;
    return [{ thread, title, rollout: exists ? file : null, resume }];
  });
  return (await Promise.all(reports)).flat();
}

/** An app-server may run for weeks. */
const MOST_THREADS = 100;

/** The targets of these segments in their order; neighbours of one target count once. */
export function listAccounts(segments: readonly { target: string }[]): string[] {
  const names = segments.map(({ target }) => target);
  return names.filter((name, index) => name !== names[index - 1]);
}

/** What runs in a session, in a word or two. An app-server is told with the program that it serves. */
export function nameMode({ mode, client }: Pick<SessionReport, 'mode' | 'client'>): string {
  if (mode === 'interactive') return 'codex';
  return mode === 'app-server' && client !== null ? `app-server: ${client}` : mode;
}
