import { recordUsage } from '../accounts/record-facts.ts';
import { dropUndefined } from '../codex/json.ts';
import type { DeferredWrites } from '../state/deferred-writes.ts';
import { ownPlace } from '../state/machine-place.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity, processTable } from '../state/process-identity.ts';
import {
  type BoundThread,
  bindLaunch,
  endLaunch,
  type LaunchRecord,
  launchName,
  moveLaunch,
  pruneLaunches,
  type Segment,
  writeLaunch,
} from './launch-record.ts';
import { gatherUsage, type IdentityOf } from './segment-usage.ts';

/** Keeps the record of one launch. Each change is written at once, so a `kill -9` loses nothing. Never throws. */
export interface LaunchKeeper {
  readonly launch: string;
  /** Call it after the start of the first child, also when that has failed. */
  begin(): void;
  /** The child works on this thread. */
  bind(thread: BoundThread): void;
  /** The program that drives the child has named itself. */
  nameClient(client: string): void;
  /** The next child runs under this account. */
  move(target: string): void;
  /** Records the usage in the rollouts so far. */
  gather(): Promise<void>;
  /** Records the usage in the rollouts, and ends the record. */
  end(): Promise<void>;
}

export interface KeptLaunch {
  paths: Paths;
  target: string;
  cwd: string;
  args: readonly string[];
  mode: LaunchRecord['mode'];
  identityOf: IdentityOf;
  now(): Date;
  records: DeferredWrites;
}

/** Keeps the record of a launch that is about to start. */
export function keepLaunch(kept: KeptLaunch): LaunchKeeper {
  const { paths, now, records } = kept;
  const started = now();
  let record: LaunchRecord = {
    version: 1,
    launch: launchName(started, process.pid),
    state: 'pending',
    ...ownIdentity(),
    processes: processTable(),
    place: ownPlace(),
    cwd: kept.cwd,
    args: [...kept.args],
    mode: kept.mode,
    startedAt: started.toISOString(),
    segments: [openSegment(kept, kept.target, started)],
  };

  function save(next: LaunchRecord): void {
    record = next;
    records.attempt(THIS_SESSION, () => writeLaunch(paths, record));
  }

  /** The record with its usage; the same record when the rollouts cannot be read. */
  function gather(from: LaunchRecord, at: Date): Promise<LaunchRecord> {
    return gatherUsage(paths, from, kept.identityOf, at.getTime(), (target, usage) => {
      records.attempt(`the usage of ${target}`, () => recordUsage(paths, target, usage));
    }).catch(() => from);
  }

  return {
    launch: record.launch,
    begin: () => save(record),
    bind: (thread) => save(bindLaunch(record, thread, now().toISOString())),
    nameClient: (client) => save({ ...record, client }),
    move: (target) => save(moveLaunch(record, openSegment(kept, target, now()))),
    async gather() {
      await gather(record, now());
    },
    async end() {
      const at = now();
      save(await gather(endLaunch(record, at.toISOString()), at));
      records.attempt('the removal of old session records', () => void pruneLaunches(paths, at));
    },
  };
}

/** The name of this record among the writes of a session. */
export const THIS_SESSION = 'this session';

function openSegment(kept: KeptLaunch, target: string, at: Date): Segment {
  const { userId, accountId } = kept.identityOf(target) ?? {};
  const identity = userId && accountId ? { userId, accountId } : undefined;
  return { target, ...dropUndefined({ identity }), from: at.toISOString() };
}
