import { addMark } from '../accounts/account-state.ts';
import { type Mark, withMark } from '../accounts/marks.ts';
import { readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { recordUsage, type Usage } from '../accounts/usage.ts';
import type { Config } from '../state/config.ts';
import type { DeferredWrites } from '../state/deferred-writes.ts';
import type { Paths } from '../state/paths.ts';

/** The marks and the usage that a session has learned. Its own choices use them, even if they could not be written. */
export interface AccountNotes {
  mark(target: string, mark: Mark): void;
  recordUsage(target: string, usage: Usage): void;
  /** Reads every account, and adds the marks and usage that could not be written. */
  readTargets(): readonly TargetSnapshot[];
  /** The accounts as they were read last, with every later mark and usage. */
  latest(): readonly TargetSnapshot[];
}

export function createAccountNotes(
  paths: Paths,
  config: Config,
  records: DeferredWrites,
): AccountNotes {
  const marks = new Map<string, { target: string; mark: Mark }>();
  const usages = new Map<string, Usage>();
  let snapshots: readonly TargetSnapshot[] | undefined;

  function withUnwritten(snapshot: TargetSnapshot): TargetSnapshot {
    const { name } = snapshot.target;
    let { state } = snapshot;
    for (const [record, { target, mark }] of marks) {
      if (target !== name || records.isWritten(record)) continue;
      state = { ...state, marks: withMark(state.marks, mark) };
    }
    const usage = usages.get(name);
    if (usage !== undefined && !records.isWritten(nameUsage(name))) state = { ...state, usage };
    return { ...snapshot, state };
  }

  function change(target: string, changed: (state: TargetSnapshot['state']) => object): void {
    snapshots = snapshots?.map((one) =>
      one.target.name === target ? { ...one, state: { ...one.state, ...changed(one.state) } } : one,
    );
  }

  function read(): readonly TargetSnapshot[] {
    snapshots = readTargets(paths, config).map(withUnwritten);
    return snapshots;
  }

  return {
    mark(target, mark) {
      const bucket = mark.limitName === undefined ? '' : ` for ${mark.limitName}`;
      const name = `the limit of ${target} (${mark.kind}${bucket})`;
      marks.set(name, { target, mark });
      records.attempt(name, () => void addMark(paths, target, mark));
      change(target, (state) => ({ marks: withMark(state.marks, mark) }));
    },
    recordUsage(target, usage) {
      usages.set(target, usage);
      records.attempt(nameUsage(target), () => recordUsage(paths, target, usage));
      change(target, () => ({ usage }));
    },
    readTargets: read,
    latest: () => snapshots ?? read(),
  };
}

function nameUsage(target: string): string {
  return `the usage of ${target}`;
}
