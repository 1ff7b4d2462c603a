import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MOST, readEpochSeconds, readText } from '../codex/bounds.ts';
import { defined, record } from '../codex/json.ts';
import { CONFIG_DEFAULTS } from '../state/config.ts';
import { ensurePrivateDir, readJson, replaceFile, setAside } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import type { Identity } from './login.ts';
import { MARK_KINDS, type Mark, type MarkKind, withMark } from './marks.ts';

/** What is known about one target, no secrets; a file of its own, replaced as a whole. */
export interface AccountState {
  version: 1;
  target: string;
  identity?: Identity;
  marks: Mark[];
  /** What Codex last told about the account's limits, as read; its shape belongs to the reader. */
  usage?: unknown;
}

export interface AccountRead {
  state: AccountState;
  /** One line for the user when a broken file was set aside. */
  notice?: string;
}

/** Reads an account's state; a missing file is a fresh state, a broken one is set aside and reported in `notice`. */
export function readAccountState(paths: Paths, target: string, now = new Date()): AccountRead {
  const file = accountFile(paths, target);
  const read = readJson(file);
  const fresh: AccountState = { version: 1, target, marks: [] };
  if (read.kind === 'missing') return { state: fresh };
  const state = read.kind === 'ok' ? checkState(read.value, target) : undefined;
  if (state !== undefined) return { state };
  const reason = read.kind === 'broken' ? read.reason : 'has an unknown form';
  return { state: fresh, notice: setAsideNotice(file, reason, now) };
}

/** Writes an account's state (0600, atomic). @throws HotswapError `home-unwritable`, `unsafe-path`. */
export function writeAccountState(paths: Paths, state: AccountState): void {
  ensurePrivateDir(paths.accountsDir);
  replaceFile(accountFile(paths, state.target), `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Notes a limit; the state on disk is read anew, for another session may have written since. */
export function addMark(paths: Paths, target: string, mark: Mark): AccountState {
  const { state } = readAccountState(paths, target);
  const marked = { ...state, marks: withMark(state.marks, mark) };
  writeAccountState(paths, marked);
  return marked;
}

/** Takes away the marks of a target: all, or those of the kinds given. Returns those taken away. */
export function clearMarks(paths: Paths, target: string, kinds?: readonly MarkKind[]): Mark[] {
  const { state } = readAccountState(paths, target);
  const cleared = state.marks.filter((mark) => kinds === undefined || kinds.includes(mark.kind));
  if (cleared.length > 0) {
    writeAccountState(paths, { ...state, marks: state.marks.filter((m) => !cleared.includes(m)) });
  }
  return cleared;
}

/** Puts the identity of a target on record; nothing is written when it is there already. */
export function recordIdentity(paths: Paths, target: string, identity: Identity): void {
  const { state } = readAccountState(paths, target);
  if (JSON.stringify(state.identity) === JSON.stringify(identity)) return;
  writeAccountState(paths, { ...state, identity });
}

/** Forgets all that is known about a target. */
export function removeAccountState(paths: Paths, target: string): void {
  rmSync(accountFile(paths, target), { force: true });
}

/** The file of a target's state. */
export function accountFile(paths: Paths, target: string): string {
  return join(paths.accountsDir, `${target}.json`);
}

/** Sets a broken file aside and says so in one line; never throws, for the way on is the same if it cannot be moved. */
export function setAsideNotice(file: string, reason: string, now: Date): string {
  try {
    return `${file} ${reason}; it was kept as ${setAside(file, now)} and a fresh one is used`;
  } catch {
    return `${file} ${reason} and could not be moved aside; a fresh one is used`;
  }
}

function checkState(value: unknown, target: string): AccountState | undefined {
  const state = record(value);
  if (state?.version !== 1 || !Array.isArray(state.marks)) return undefined;
  const marks = state.marks.slice(-MOST_MARKS).map(checkMark);
  if (!marks.every((mark) => mark !== undefined)) return undefined;
  const identity = state.identity === undefined ? undefined : checkIdentity(state.identity);
  if (state.identity !== undefined && identity === undefined) return undefined;
  const usage = state.usage === undefined ? {} : { usage: state.usage };
  return { version: 1, target, marks, ...defined({ identity }), ...usage };
}

/** One for each kind and bucket would be far fewer. */
const MOST_MARKS = 100;

function checkIdentity(value: unknown): Identity | undefined {
  const { userId, accountId, email, plan } = record(value) ?? {};
  if (typeof userId !== 'string' || typeof accountId !== 'string') return undefined;
  const words = { email: readText(email, MOST.email), plan: readText(plan, MOST.name) };
  return { userId, accountId, ...defined(words) };
}

/** Where the end is no time at all, the account rests as after a limit whose end was not told. */
function checkMark(value: unknown): Mark | undefined {
  const { kind, until, at, limitName, workspace, message } = record(value) ?? {};
  const known = MARK_KINDS.find((candidate) => candidate === kind);
  const isTimed = (until === null || typeof until === 'number') && typeof at === 'number';
  if (typeof kind !== 'string' || !isTimed) return undefined;
  const madeAt = readEpochSeconds(at) ?? 0;
  const end = readEpochSeconds(until) ?? madeAt + CONFIG_DEFAULTS.cooldownMinutes * 60;
  return {
    kind: known ?? 'unknown', // a newer version's kind still rests the account
    until: until === null ? null : end,
    at: madeAt,
    ...defined({
      limitName: readText(limitName, MOST.name),
      workspace: readText(workspace, MOST.name),
      message: readText(message, MOST.message),
    }),
  };
}
