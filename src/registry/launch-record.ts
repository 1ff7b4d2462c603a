import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_LENGTH, readIsoTime, readPid, readText } from '../codex/bounds.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import { isTargetName } from '../state/config.ts';
import { ensurePrivateDir, readJson, replaceFile, setAside } from '../state/files.ts';
import { startBeating, stopBeating } from '../state/heartbeat.ts';
import { mayLive, readMakers } from '../state/liveness.ts';
import { type Place, readPlace } from '../state/machine-place.ts';
import type { Paths } from '../state/paths.ts';

/** The time that one thread worked under one account. */
export interface Segment {
  target: string;
  identity?: { userId: string; accountId: string };
  /** ISO 8601, UTC. */
  from: string;
  /** Missing in an open segment. */
  to?: string;
  /** Missing until the first turn. */
  thread?: string;
  /** The file of the thread in the shared home. */
  rollout?: string;
  /** The original of this thread, when the account could not read the original and got a copy. */
  copyOf?: string;
  /** The directory that the thread works in, where that is not the directory of the launch. */
  cwd?: string;
  /** The times of the first and the last `token_count` in this segment, ISO 8601. */
  firstTokenCountAt?: string;
  lastTokenCountAt?: string;
}

export type LaunchMode = 'interactive' | 'exec' | 'app-server';

/** One launch of codex: which threads it worked on, under which accounts and when. */
export interface LaunchRecord {
  version: 1;
  launch: string;
  state: 'pending' | 'bound' | 'ended';
  /** The supervisor. */
  pid: number;
  /** Distinguishes the process from a later one with its pid (see state/process-identity.ts). */
  startTime?: string;
  /** The table of processes that `pid` belongs to: each container and each boot has its own. */
  processes?: string;
  /** The machine, since 0.1.1 (see state/machine-place.ts). */
  place?: Place;
  cwd: string;
  /** The arguments that the user typed. */
  args?: string[];
  mode: LaunchMode;
  /** The program that an app-server serves, as it names itself: `my-editor 1.2`. */
  client?: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  endedAt?: string;
  /** The thread it works on now. */
  thread?: string;
  /** Its file in the shared home. */
  rollout?: string;
  /**
   * The oldest first; the last one is open while the launch runs. An app-server works on several threads at once, and has an
   * open segment for each.
   */
  segments: Segment[];
}

const KEPT_RECORDS = 500;
const KEPT_DAYS = 90;

/** A name for a launch that sorts by time, to the millisecond: `20261121T034500123Z-12345`. */
export function launchName(now: Date, pid: number): string {
  return `${now.toISOString().replace(/[-:.]/g, '')}-${pid}`;
}

/**
 * Writes the record of a launch (0600, atomic, without fsync: a power cut may lose it). While the launch runs, the record is
 * touched each minute. So another machine sees that the launch runs.
 */
export function writeLaunch(paths: Paths, record: LaunchRecord): void {
  ensurePrivateDir(paths.sessionsDir);
  const file = launchFile(paths, record.launch);
  if (record.state === 'ended') stopBeating(file);
  replaceFile(file, `${JSON.stringify(record)}\n`, { sync: false });
  if (record.state !== 'ended') startBeating(file);
}

/** The thread that a launch works on. */
export interface BoundThread {
  id: string;
  rollout?: string | undefined;
  copyOf?: string | undefined;
  cwd?: string | undefined;
}

/**
 * Binds a launch and its open segment to a thread. A second thread (`/new`, `/resume` in the TUI) begins a new segment under
 * the same account, and ends the open one, but for an app-server. Pure.
 * @param at ISO 8601.
 */
export function bindLaunch(
  record: LaunchRecord,
  thread: BoundThread,
  at = record.startedAt,
): LaunchRecord {
  const { id, rollout, copyOf } = thread;
  const cwd = thread.cwd === record.cwd ? undefined : thread.cwd;
  const place = { thread: id, ...dropUndefined({ rollout, copyOf, cwd }) };
  const bound: LaunchRecord = {
    ...record,
    state: 'bound',
    thread: id,
    ...dropUndefined({ rollout }),
  };
  const open = record.segments.filter(isOpen);
  const last = open.at(-1);
  if (last === undefined || open.some((segment) => segment.thread === id)) return bound;
  if (last.thread === undefined) {
    return { ...bound, segments: [...record.segments.slice(0, -1), { ...last, ...place }] };
  }
  const { target, identity } = last;
  const next = { target, ...dropUndefined({ identity }), from: at, ...place };
  if (record.mode === 'app-server') return { ...bound, segments: [...record.segments, next] };
  return { ...bound, segments: [...closeSegments(record, at), next] };
}

/** Ends the open segments, and goes on with their threads under another account. Pure. */
export function moveLaunch(
  record: LaunchRecord,
  next: Pick<Segment, 'target' | 'identity' | 'from'>,
): LaunchRecord {
  const moved = record.segments.filter(isOpen).map(({ thread, rollout, cwd }) => ({
    ...next,
    ...dropUndefined({ thread, rollout, cwd }),
  }));
  return {
    ...record,
    segments: [...closeSegments(record, next.from), ...(moved.length > 0 ? moved : [next])],
  };
}

/** Ends a launch and its open segment. Pure. */
export function endLaunch(record: LaunchRecord, at: string): LaunchRecord {
  return { ...record, state: 'ended', endedAt: at, segments: closeSegments(record, at) };
}

/**
 * The newest records, newest first, at most `limit`; broken ones are set aside and reported in `notices`.
 */
export function readLaunches(
  paths: Paths,
  { limit = KEPT_RECORDS, now = new Date() }: { limit?: number; now?: Date } = {},
): { launches: LaunchRecord[]; notices: string[] } {
  const notices: string[] = [];
  const launches: LaunchRecord[] = [];
  for (const name of recordNames(paths).reverse()) {
    if (launches.length >= limit) break;
    const file = join(paths.sessionsDir, name);
    const read = readJson(file);
    if (read.kind === 'missing') continue; // another process has removed it
    if (read.kind === 'unreadable') {
      notices.push(`${file} ${read.reason}`);
      continue;
    }
    const record = read.kind === 'ok' ? checkLaunch(read.value) : undefined;
    if (record !== undefined) launches.push(record);
    else notices.push(setAsideBroken(file, now));
  }
  return { launches, notices };
}

function setAsideBroken(file: string, now: Date): string {
  try {
    return `${file} is broken; it was kept as ${setAside(file, now)}`;
  } catch {
    return `${file} is broken and could not be moved aside`;
  }
}

/**
 * Whether the launch still runs. The record of a killed launch stays open, so its state proves nothing.
 * @param paths the place of the record; without it a launch on another machine counts as ended.
 */
export function isRunning(record: LaunchRecord, paths?: Pick<Paths, 'sessionsDir'>): boolean {
  const { launch, state, pid, startTime, processes, place } = record;
  if (state === 'ended') return false;
  if (startTime === undefined) return true; // it cannot be found out
  const makers = readMakers([{ pid, startTime }], { table: processes, place });
  return mayLive(makers, paths === undefined ? undefined : launchFile(paths, launch));
}

/** Removes all but the newest 500 records, and those older than 90 days; never that of a launch that may still run. */
export function pruneLaunches(paths: Paths, now: Date): number {
  const oldest = now.getTime() - KEPT_DAYS * 86_400_000;
  const names = recordNames(paths).reverse();
  const doomed = names.filter((name, index) => {
    if (index < KEPT_RECORDS && !isOlder(join(paths.sessionsDir, name), oldest)) return false;
    const read = readJson(join(paths.sessionsDir, name));
    const record = read.kind === 'ok' ? checkLaunch(read.value) : undefined;
    return record !== undefined && !isRunning(record, paths);
  });
  for (const name of doomed) rmSync(join(paths.sessionsDir, name), { force: true });
  return doomed.length;
}

function isOpen({ to }: Segment): boolean {
  return to === undefined;
}

function closeSegments(record: LaunchRecord, at: string): Segment[] {
  return record.segments.map((segment) =>
    segment.to === undefined ? { ...segment, to: at } : segment,
  );
}

// A name begins with the time, so the names sort by time.
function recordNames(paths: Paths): string[] {
  try {
    return readdirSync(paths.sessionsDir)
      .filter((name) => /^\d{8}T\d+Z-\d+.*\.json$/.test(name))
      .sort();
  } catch {
    return [];
  }
}

function launchFile(paths: Pick<Paths, 'sessionsDir'>, launch: string): string {
  return join(paths.sessionsDir, `${launch}.json`);
}

function isOlder(file: string, milliseconds: number): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && stats.mtimeMs < milliseconds;
}

/** The record; undefined when a required field is wrong. A wrong optional field is left out. */
function checkLaunch(value: unknown): LaunchRecord | undefined {
  const found = readObject(value);
  if (found?.version !== 1 || !Array.isArray(found.segments)) return undefined;
  const state = STATES.find((known) => known === found.state);
  const mode = MODES.find((known) => known === found.mode);
  const pid = readPid(found.pid);
  const cwd = readText(found.cwd, MAX_LENGTH.path);
  const startedAt = readIsoTime(found.startedAt);
  const segments = found.segments.slice(-MOST_SEGMENTS).map(checkSegment);
  const isWhole = segments.every((segment) => segment !== undefined);
  // The launch is part of a file name.
  if (typeof found.launch !== 'string' || !/^[\w.-]{1,100}$/.test(found.launch)) return undefined;
  if (!state || !mode || !pid || !cwd || !startedAt || !isWhole) return undefined;
  const args = Array.isArray(found.args) ? found.args.filter(isString) : undefined;
  return {
    ...{ version: 1, launch: found.launch, state, pid, cwd, mode, startedAt, segments },
    ...dropUndefined({
      args,
      client: readText(found.client, MAX_LENGTH.name),
      startTime: readText(found.startTime, MAX_LENGTH.name),
      processes: readText(found.processes, MAX_LENGTH.name),
      place: readPlace(found.place),
      endedAt: readIsoTime(found.endedAt),
      thread: readText(found.thread, MAX_LENGTH.name),
      rollout: readText(found.rollout, MAX_LENGTH.path),
    }),
  };
}

const STATES = ['pending', 'bound', 'ended'] as const;
const MODES = ['interactive', 'exec', 'app-server'] as const;
/** More than the handoffs of a month, one each hour. */
const MOST_SEGMENTS = 1000;

function checkSegment(value: unknown): Segment | undefined {
  const found = readObject(value) ?? {};
  const from = readIsoTime(found.from);
  if (!isTargetName(found.target) || from === undefined) return undefined;
  const { userId, accountId } = readObject(found.identity) ?? {};
  const isKnown = isString(userId) && isString(accountId);
  return {
    target: found.target,
    from,
    ...(isKnown ? { identity: { userId, accountId } } : {}),
    ...dropUndefined({
      to: readIsoTime(found.to),
      thread: readText(found.thread, MAX_LENGTH.name),
      rollout: readText(found.rollout, MAX_LENGTH.path),
      copyOf: readText(found.copyOf, MAX_LENGTH.name),
      cwd: readText(found.cwd, MAX_LENGTH.path),
      firstTokenCountAt: readIsoTime(found.firstTokenCountAt),
      lastTokenCountAt: readIsoTime(found.lastTokenCountAt),
    }),
  };
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
