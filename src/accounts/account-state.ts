import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_LENGTH, readEpochSeconds, readText } from '../codex/bounds.ts';
import { dropUndefined, readObject } from '../codex/json.ts';
import { HotswapError } from '../errors.ts';
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
import { MARK_KINDS, type Mark, type MarkKind, withMark } from './marks.ts';

/** What is known about one target, no secrets; a file of its own, replaced as a whole. */
export interface AccountState {
  version: 1;
  target: string;
  identity?: Identity;
  marks: Mark[];
  /** The limits that Codex told last, as they were read: `readUsage` in usage.ts checks their shape. */
  usage?: unknown;
}

export interface AccountRead {
  state: AccountState;
  /** What is wrong with the file; see {@link mendAccountState}. */
  fault?: JsonFault;
}

/** Reads an account's state, and changes nothing. A missing file is a fresh state, and so is one with a fault. */
export function readAccountState(paths: Paths, target: string): AccountRead {
  const read = readState(paths, target);
  return read.kind === 'ok' ? { state: read.state } : { state: freshState(target), fault: read };
}

/**
 * Sets a broken state aside, so that a fresh one takes its place. A state that cannot be read stays.
 * @returns a line for the user; none when another process has mended it meanwhile.
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
 * Changes an account's state. No other process changes it between the read and the write. Nothing is written when `change`
 * returns the state that it was given.
 * @returns the state afterwards.
 * @throws HotswapError `home-unwritable`, `unsafe-path`; `bad-state` for a file that cannot be read: its marks would be lost.
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

/** Puts a limit on record. */
export function addMark(paths: Paths, target: string, mark: Mark): AccountState {
  return changeAccountState(paths, target, (state) => ({
    ...state,
    marks: withMark(state.marks, mark),
  }));
}

/**
 * Takes away the marks of a target: all, or those of the kinds given.
 * @param known when given, only these: a mark that another session has made since is not touched.
 * @returns the marks that were taken away.
 */
export function clearMarks(
  paths: Paths,
  target: string,
  kinds?: readonly MarkKind[],
  known?: readonly Mark[],
): Mark[] {
  const texts = known?.map((mark) => JSON.stringify(mark));
  const isMeant = (mark: Mark) =>
    (kinds === undefined || kinds.includes(mark.kind)) &&
    (texts === undefined || texts.includes(JSON.stringify(mark)));
  if (!readAccountState(paths, target).state.marks.some(isMeant)) return [];
  let cleared: Mark[] = [];
  changeAccountState(paths, target, (state) => {
    cleared = state.marks.filter(isMeant);
    if (cleared.length === 0) return state;
    return { ...state, marks: state.marks.filter((mark) => !isMeant(mark)) };
  });
  return cleared;
}

/** Puts the identity of a target on record; nothing is written, and no lock taken, when it is there already. */
export function recordIdentity(paths: Paths, target: string, identity: Identity): void {
  const isKnown = (state: AccountState) =>
    JSON.stringify(state.identity) === JSON.stringify(identity);
  if (isKnown(readAccountState(paths, target).state)) return;
  changeAccountState(paths, target, (state) => (isKnown(state) ? state : { ...state, identity }));
}

/** Forgets all that is known about a target. */
export function removeAccountState(paths: Paths, target: string): void {
  changeRecords(paths, () => rmSync(accountFile(paths, target), { force: true }));
}

/** The file of a target's state. */
export function accountFile(paths: Paths, target: string): string {
  return join(paths.accountsDir, `${target}.json`);
}

/**
 * Sets a broken file aside and says so in one line. A file that cannot be read may be whole, so it stays. Never throws: when
 * the file cannot be moved, a fresh one is used all the same.
 */
export function setAsideNotice(file: string, { kind, reason }: JsonFault, now: Date): string {
  if (kind === 'unreadable') return `${file} ${reason}; it is left as it is, and is not used`;
  try {
    return `${file} ${reason}; it was kept as ${setAside(file, now)} and a fresh one is used`;
  } catch {
    return `${file} ${reason} and could not be moved aside; a fresh one is used`;
  }
}

type StateRead = { kind: 'ok'; state: AccountState } | JsonFault;

function readState(paths: Paths, target: string): StateRead {
  const read = readJson(accountFile(paths, target));
  if (read.kind === 'missing') return { kind: 'ok', state: freshState(target) };
  if (read.kind !== 'ok') return read;
  const state = parseState(read.value, target);
  return state === undefined
    ? { kind: 'broken', reason: 'has an unknown form' }
    : { kind: 'ok', state };
}

function freshState(target: string): AccountState {
  return { version: 1, target, marks: [] };
}

function parseState(value: unknown, target: string): AccountState | undefined {
  const state = readObject(value);
  if (state?.version !== 1 || !Array.isArray(state.marks)) return undefined;
  const marks = state.marks.slice(-MOST_MARKS).map(parseMark);
  if (!marks.every((mark) => mark !== undefined)) return undefined;
  const identity = state.identity === undefined ? undefined : parseIdentity(state.identity);
  if (state.identity !== undefined && identity === undefined) return undefined;
  const usage = state.usage === undefined ? {} : { usage: state.usage };
  return { version: 1, target, marks, ...dropUndefined({ identity }), ...usage };
}

/** A mark for each kind and bucket would be far fewer. */
const MOST_MARKS = 100;

function parseIdentity(value: unknown): Identity | undefined {
  const { userId, accountId, email, plan } = readObject(value) ?? {};
  if (typeof userId !== 'string' || typeof accountId !== 'string') return undefined;
  const words = { email: readText(email, MAX_LENGTH.email), plan: readText(plan, MAX_LENGTH.name) };
  return { userId, accountId, ...dropUndefined(words) };
}

/** An end that is no time counts as the end of a limit that did not tell it: the configured rest. */
function parseMark(value: unknown): Mark | undefined {
  const { kind, until, at, limitName, workspace, message } = readObject(value) ?? {};
  const known = MARK_KINDS.find((candidate) => candidate === kind);
  const isTimed = (until === null || typeof until === 'number') && typeof at === 'number';
  if (typeof kind !== 'string' || !isTimed) return undefined;
  const madeAt = readEpochSeconds(at) ?? 0;
  const end = readEpochSeconds(until) ?? madeAt + CONFIG_DEFAULTS.cooldownMinutes * 60;
  return {
    kind: known ?? 'unknown', // a newer version's kind still rests the account
    until: until === null ? null : end,
    at: madeAt,
    ...dropUndefined({
      limitName: readText(limitName, MAX_LENGTH.name),
      workspace: readText(workspace, MAX_LENGTH.name),
      message: readText(message, MAX_LENGTH.message),
    }),
  };
}
