import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_LENGTH, readEpochSeconds, readText, readWindowMinutes } from '../codex/bounds.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import { HotswapError } from '../errors.ts';
import { attempt } from '../state/attempt.ts';
import { CONFIG_DEFAULTS } from '../state/config.ts';
import {
  ensurePrivateDir,
  type JsonFault,
  readJson,
  replaceFile,
  setAside,
} from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { changeRecords } from '../state/records.ts';
import type { Identity } from './login.ts';
import { boundMark, MARK_KINDS, type Mark, type MarkKind } from './marks.ts';

/** The record of one target, without secrets. Each target has a file, which is replaced as a whole. */
export interface AccountState {
  version: 1;
  target: string;
  identity?: Identity;
  marks: Mark[];
  /** The usage that Codex told last, unchecked: `readUsage` in usage.ts checks it. */
  usage?: unknown;
  /** When the last turn that ended a mark began, epoch seconds. */
  answeredAt?: number;
}

export interface AccountRead {
  state: AccountState;
  /** The fault of the file; {@link mendAccountState} mends it. */
  fault?: JsonFault;
}

/** Reads an account's state, and changes nothing. Without a file, or with a faulty one, the state is empty. */
export function readAccountState(paths: Paths, target: string): AccountRead {
  const read = readJson(accountFile(paths, target));
  const state = read.kind === 'ok' ? parseState(read.value, target) : undefined;
  if (state !== undefined) return { state };
  const empty: AccountState = { version: 1, target, marks: [] };
  if (read.kind === 'missing') return { state: empty };
  const fault = read.kind === 'ok' ? UNKNOWN_FORM : read;
  return { state: empty, fault };
}

const UNKNOWN_FORM: JsonFault = { kind: 'broken', reason: 'has an unknown form' };

/**
 * Renames a broken state file, so that the target gets an empty state. A file that cannot be read stays.
 * @returns a line for the user; none when another process has mended the file since.
 */
export function mendAccountState(paths: Paths, target: string, now: Date): string[] {
  return changeRecords(paths, () => {
    const { fault } = readAccountState(paths, target);
    return fault === undefined ? [] : [setAsideNotice(accountFile(paths, target), fault, now)];
  });
}

/** Writes an account's state (0600, atomic). @throws HotswapError `home-unwritable`, `unsafe-path`. */
export function writeAccountState(paths: Paths, state: AccountState): void {
  changeAccountState(paths, state.target, () => state);
}

/**
 * Changes an account's state. No other process changes it between the read and the write. Writes nothing when `change`
 * returns the same object.
 * @returns the state afterwards.
 * @throws HotswapError `home-unwritable`, `unsafe-path`; `bad-state` for a file that cannot be read, because a write would
 * lose its marks.
 */
export function changeAccountState(
  paths: Paths,
  target: string,
  change: (state: AccountState) => AccountState,
): AccountState {
  return changeRecords(paths, () => {
    const { state, fault } = readAccountState(paths, target);
    const file = accountFile(paths, target);
    if (fault?.kind === 'unreadable') {
      const what = `${file} ${fault.reason}`;
      throw new HotswapError('bad-state', what, 'make it readable, or move it away');
    }
    if (fault !== undefined) setAsideNotice(file, fault, new Date());
    const changed = change(state);
    if (changed === state) return state;
    ensurePrivateDir(paths.accountsDir);
    replaceFile(file, `${JSON.stringify(changed, undefined, 2)}\n`);
    return changed;
  });
}

/**
 * Removes marks of a target.
 * @param kinds the kinds to remove; default: all.
 * @returns the removed marks.
 */
export function clearMarks(paths: Paths, target: string, kinds?: readonly MarkKind[]): Mark[] {
  const isMeant = (mark: Mark) => kinds === undefined || kinds.includes(mark.kind);
  if (!readAccountState(paths, target).state.marks.some(isMeant)) return [];
  let cleared: Mark[] = [];
  changeAccountState(paths, target, (state) => {
    cleared = state.marks.filter(isMeant);
    if (cleared.length === 0) return state;
    return { ...state, marks: state.marks.filter((mark) => !isMeant(mark)) };
  });
  return cleared;
}

/** Records the identity of a target. Writes nothing, and takes no lock, when the record has it already. */
export function recordIdentity(paths: Paths, target: string, identity: Identity): void {
  const isKnown = (state: AccountState) =>
    JSON.stringify(state.identity) === JSON.stringify(identity);
  if (isKnown(readAccountState(paths, target).state)) return;
  changeAccountState(paths, target, (state) => (isKnown(state) ? state : { ...state, identity }));
}

/** Deletes the record of a target. */
export function removeAccountState(paths: Paths, target: string): void {
  changeRecords(paths, () => rmSync(accountFile(paths, target), { force: true }));
}

/** The file of a target's state. */
export function accountFile(paths: Paths, target: string): string {
  return join(paths.accountsDir, `${target}.json`);
}

/**
 * Renames a broken file. A file that cannot be read may be good, so it keeps its name. Never throws.
 * @returns a line for the user.
 */
export function setAsideNotice(file: string, { kind, reason }: JsonFault, now: Date): string {
  if (kind === 'unreadable') return `${file} ${reason}; it was not changed, and it is not used`;
  const kept = attempt(() => setAside(file, now));
  return kept === undefined
    ? `${file} ${reason} and cannot be renamed; a new file is used`
    : `${file} ${reason}; it was kept as ${kept} and a new file is used`;
}

function parseState(value: unknown, target: string): AccountState | undefined {
  const state = readObject(value);
  if (state?.version !== 1 || !Array.isArray(state.marks)) return undefined;
  const marks = state.marks.slice(-MOST_MARKS).map(parseMark);
  if (!marks.every((mark) => mark !== undefined)) return undefined;
  const identity = state.identity === undefined ? undefined : parseIdentity(state.identity);
  if (state.identity !== undefined && identity === undefined) return undefined;
  const answeredAt = readEpochSeconds(state.answeredAt);
  return {
    version: 1,
    target,
    marks,
    ...dropUndefined({ identity, usage: state.usage, answeredAt }),
  };
}

/** More than one mark for each kind and model. */
const MOST_MARKS = 100;

function parseIdentity(value: unknown): Identity | undefined {
  const { userId, accountId, email, plan } = readObject(value) ?? {};
  if (typeof userId !== 'string' || typeof accountId !== 'string') return undefined;
  const words = { email: readText(email, MAX_LENGTH.email), plan: readText(plan, MAX_LENGTH.name) };
  return { userId, accountId, ...dropUndefined(words) };
}

/** An `until` that is no time becomes the default rest after a limit without a time. */
function parseMark(value: unknown): Mark | undefined {
  const { kind, until, at, minutes, limitName, workspace, message } = readObject(value) ?? {};
  const known = MARK_KINDS.find((candidate) => candidate === kind);
  const isTimed = (until === null || typeof until === 'number') && typeof at === 'number';
  if (typeof kind !== 'string' || !isTimed) return undefined;
  const madeAt = readEpochSeconds(at) ?? 0;
  const end = readEpochSeconds(until) ?? madeAt + CONFIG_DEFAULTS.cooldownMinutes * 60;
  return boundMark({
    kind: known ?? 'unknown', // a newer version's kind still rests the account
    until: until === null ? null : end,
    at: madeAt,
    ...dropUndefined({
      minutes: readWindowMinutes(minutes),
      limitName: readText(limitName, MAX_LENGTH.name),
      workspace: readText(workspace, MAX_LENGTH.name),
      message: readText(message, MAX_LENGTH.message),
    }),
  });
}
