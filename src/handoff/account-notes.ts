import type { AccountState } from '../accounts/account-state.ts';
import { afterAnswer, afterFigures, afterRefusal } from '../accounts/evidence.ts';
import type { Mark } from '../accounts/marks.ts';
import { recordAnswer, recordRefusal, recordUsage } from '../accounts/record-facts.ts';
import { readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import type { Usage } from '../accounts/usage.ts';
import type { Config } from '../state/config.ts';
import type { DeferredWrites } from '../state/deferred-writes.ts';
import type { Paths } from '../state/paths.ts';

/** The facts that a session has learned. Its own choices use them, even if they could not be written. */
export interface AccountNotes {
  mark(target: string, mark: Mark): void;
  recordUsage(target: string, usage: Usage): void;
  /** The account has answered a turn. @param at when the turn began, epoch seconds. */
  recordAnswer(target: string, at: number): void;
  /** Reads every account, and adds the facts that could not be written. */
  readTargets(): readonly TargetSnapshot[];
  /** The accounts as they were read last, with every later fact. */
  latest(): readonly TargetSnapshot[];
}

/** One fact about an account, and the write of it. */
interface Note {
  target: string;
  add(state: AccountState): AccountState;
}

export function createAccountNotes(
  paths: Paths,
  config: Config,
  records: DeferredWrites,
): AccountNotes {
  /** By the name of the write. */
  const notes = new Map<string, Note>();
  let snapshots: readonly TargetSnapshot[] | undefined;

  function withUnwritten(snapshot: TargetSnapshot): TargetSnapshot {
    let { state } = snapshot;
    for (const [name, { target, add }] of notes) {
      if (target === snapshot.target.name && !records.isWritten(name)) state = add(state);
    }
    return { ...snapshot, state };
  }

  function note(name: string, target: string, add: Note['add'], write: () => void): void {
    notes.set(name, { target, add });
    records.attempt(name, write);
    snapshots = snapshots?.map((one) =>
      one.target.name === target ? { ...one, state: add(one.state) } : one,
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
      const add = (state: AccountState) => afterRefusal(state, mark, Date.now() / 1000);
      note(name, target, add, () => recordRefusal(paths, target, mark));
    },
    recordUsage(target, usage) {
      const add = (state: AccountState) => afterFigures(state, usage, Date.now() / 1000);
      note(`the usage of ${target}`, target, add, () => recordUsage(paths, target, usage));
    },
    recordAnswer(target, at) {
      const add = (state: AccountState) => afterAnswer(state, at);
      note(`an answer of ${target}`, target, add, () => recordAnswer(paths, target, at));
    },
    readTargets: read,
    latest: () => snapshots ?? read(),
  };
}
