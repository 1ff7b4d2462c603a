import { isTargetName } from '../state/config.ts';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { setAsideNotice } from './account-state.ts';

/** The target new sessions start with, and the one before it (for `use -`). */
export interface Current {
  current?: string;
  previous?: string;
  /** One line for the user when a broken file was set aside. */
  notice?: string;
}

/** Reads which target is current; the names may be of targets that no longer exist. */
export function readCurrent(paths: Paths, now = new Date()): Current {
  const read = readJson(paths.currentFile);
  if (read.kind === 'missing') return {};
  if (read.kind === 'ok') {
    const { current, previous } = (read.value ?? {}) as { current?: unknown; previous?: unknown };
    if (isTargetName(current)) {
      return { current, ...(isTargetName(previous) ? { previous } : {}) };
    }
  }
  const reason = read.kind === 'broken' ? read.reason : 'has an unknown form';
  return { notice: setAsideNotice(paths.currentFile, reason, now) };
}

/** Makes a target the current one; the former becomes the previous. @throws HotswapError `home-unwritable`. */
export function writeCurrent(paths: Paths, name: string): void {
  const { current, previous } = readCurrent(paths);
  if (current === name) return;
  const before = current ?? previous;
  ensurePrivateDir(paths.stateDir);
  const record = {
    version: 1,
    current: name,
    ...(before === undefined ? {} : { previous: before }),
  };
  replaceFile(paths.currentFile, `${JSON.stringify(record)}\n`);
}

/** Lets a target that is called otherwise now stay what it was, current or previous. @throws HotswapError `home-unwritable`. */
export function renameInCurrent(paths: Paths, from: string, to: string): void {
  const { current, previous } = readCurrent(paths);
  if (current !== from && previous !== from) return;
  const renamed = (name: string | undefined) => (name === from ? to : name);
  const record = { version: 1, current: renamed(current), previous: renamed(previous) };
  replaceFile(paths.currentFile, `${JSON.stringify(record)}\n`);
}
