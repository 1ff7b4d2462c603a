import { isTargetName } from '../state/config.ts';
import { ensurePrivateDir, type JsonFault, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { changeRecords } from '../state/records.ts';
import { setAsideNotice } from './account-state.ts';

/** The target that new sessions start with, and the target before that (for `use -`). */
export interface Current {
  current?: string;
  previous?: string;
  /** The fault of the file; {@link mendCurrent} mends it. */
  fault?: JsonFault;
}

/** Reads which target is current, and changes nothing. A target with that name may not exist any more. */
export function readCurrent(paths: Paths): Current {
  const read = readJson(paths.currentFile);
  if (read.kind === 'missing') return {};
  if (read.kind !== 'ok') return { fault: read };
  const { current, previous } = (read.value ?? {}) as { current?: unknown; previous?: unknown };
  if (!isTargetName(current)) return { fault: { kind: 'broken', reason: 'has an unknown form' } };
  return { current, ...(isTargetName(previous) ? { previous } : {}) };
}

/** Renames a broken record, as {@link mendAccountState} does. @returns a line for the user. */
export function mendCurrent(paths: Paths, now: Date): string[] {
  return changeRecords(paths, () => {
    const { fault } = readCurrent(paths);
    return fault === undefined ? [] : [setAsideNotice(paths.currentFile, fault, now)];
  });
}

/** Makes a target the current one. The former one becomes `previous`. @throws HotswapError `home-unwritable`. */
export function writeCurrent(paths: Paths, name: string): void {
  if (readCurrent(paths).current === name) return;
  change(paths, ({ current, previous }) =>
    current === name ? undefined : { current: name, previous: current ?? previous },
  );
}

/** Changes the name of a renamed target in the record. @throws HotswapError `home-unwritable`. */
export function renameInCurrent(paths: Paths, from: string, to: string): void {
  const renamed = (name: string | undefined) => (name === from ? to : name);
  change(paths, ({ current, previous }) =>
    current === from || previous === from
      ? { current: renamed(current), previous: renamed(previous) }
      : undefined,
  );
}

type Names = Record<'current' | 'previous', string | undefined>;

function change(paths: Paths, toNew: (names: Names) => Names | undefined): void {
  changeRecords(paths, () => {
    const { current, previous } = readCurrent(paths);
    const names = toNew({ current, previous });
    if (names === undefined) return;
    ensurePrivateDir(paths.stateDir);
    replaceFile(paths.currentFile, `${JSON.stringify({ version: 1, ...names })}\n`);
  });
}
