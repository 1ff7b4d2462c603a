import {
  cpSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  errnoOf,
  readJson,
  removeQuietly,
  replaceFile,
  temporaryName,
  writeNewFile,
} from '../state/files.ts';
import { adoptionLockOf } from '../state/paths.ts';
import { underLock } from '../state/records.ts';
import { backUp } from './backup.ts';
import {
  digestLogins,
  isCovered,
  type LinkedLogins,
  type Logins,
  mergeLogins,
  parseLogins,
  readLogins,
} from './merge-logins.ts';
import type { Slot } from './slot.ts';

/** The logins of MCP servers. Codex writes it in place and opens it with O_NOFOLLOW (fact 35). */
export const CREDENTIALS = '.credentials.json';

type Places = Pick<Slot, 'home' | 'side' | 'sharedHome'>;

/**
 * Gives the shared file a second name in the slot: one inode serves both sides. Across file systems it is a copy.
 * @returns `drifted` when the slot holds something else, or its session has removed it: adopt it first.
 */
export function linkCredentials(slot: Places): 'linked' | 'none' | 'drifted' {
  const { ours, theirs } = look(slot);
  if (ours === undefined && theirs === undefined) {
    forget(slot);
    return 'none';
  }
  if (ours === undefined) {
    if (!theirs?.isFile()) return 'none';
    if (readRecord(slot) !== undefined) return 'drifted';
    link(slot);
    return 'linked';
  }
  if (!isInStep(slot, ours, theirs)) return 'drifted';
  remember(slot, ours);
  return 'linked';
}

/**
 * Brings what the session did to the file into the shared home, login by login: what it has added or renewed is added
 * there; what it has removed is removed there, unless it was renewed there. The same holds for what others did to the
 * shared file meanwhile. "The same inode as was linked" says nothing about that, for Codex writes in place: what was
 * linked is known by its content. A login that has to go is kept in a backup. Then links again.
 * @returns what was done, or undefined when there was nothing to do.
 * @throws what the file system throws; the logins are then where they were.
 */
export function adoptCredentials(
  slot: Places,
  now: Date,
): { outcome: string; backup?: string } | undefined {
  const { ours, theirs } = look(slot);
  if (ours === undefined && (theirs === undefined || readRecord(slot) === undefined)) {
    return undefined;
  }
  if (ours !== undefined && theirs !== undefined && isSameFile(ours, theirs)) return undefined;
  return underLock(adoptionLockOf(slot.home), 'go-on', () => {
    for (let tries = 1; ; tries++) {
      try {
        return settle(slot, now);
      } catch (error) {
        // Codex has written meanwhile: judge anew.
        if (!(error instanceof ChangedError) || tries === MOST_TRIES) throw error;
      }
    }
  });
}

const MOST_TRIES = 5;

function settle(slot: Places, now: Date): { outcome: string; backup?: string } | undefined {
  const linked = readRecord(slot);
  const ours = readLogins(own(slot));
  const theirs = readLogins(shared(slot));
  const merged = mergeLogins(linked, ours, theirs);
  const isNews = merged === undefined ? theirs !== undefined : !theirs?.bytes.equals(merged);
  const losers = [ours, theirs].filter((side) => side && !isKeptBy(merged, side, linked));
  const backups = losers.map((side) =>
    backUp(side === theirs ? shared(slot) : own(slot), now, shared(slot)),
  );
  if (isNews) write(shared(slot), { merged, ours, theirs, linked, backups });
  if (merged !== undefined) link(slot, ours, [...backups, shared(slot)], linked);
  else if (ours !== undefined) giveUp(own(slot), ours, undefined, backups, linked);
  if (merged === undefined) forget(slot);
  const [backup] = backups;
  const outcome = nameOutcome(merged, ours, theirs);
  if (outcome === undefined || (!isNews && backup === undefined && outcome !== REMOVED_THERE)) {
    return undefined;
  }
  return { outcome, ...(backup === undefined ? {} : { backup }) };
}

function nameOutcome(
  merged: Buffer | undefined,
  ours: Logins | undefined,
  theirs: Logins | undefined,
): string | undefined {
  if (merged === undefined) return theirs === undefined ? REMOVED_THERE : 'removed by the session';
  if (theirs === undefined) return 'new';
  if (ours?.bytes.equals(merged)) return 'newer in the session';
  return theirs.bytes.equals(merged) ? 'newer in the shared home' : 'merged';
}

const REMOVED_THERE = 'removed in the shared home';

interface News {
  merged: Buffer | undefined;
  ours: Logins | undefined;
  theirs: Logins | undefined;
  linked: LinkedLogins | undefined;
  backups: readonly string[];
}

/** Puts the merged logins in the place of the shared file; none at all: removes it. */
function write(path: string, { merged, ours, theirs, linked, backups }: News): void {
  if (merged === undefined) {
    if (theirs !== undefined) giveUp(path, theirs, undefined, backups, linked);
    return;
  }
  const temporary = join(path, '..', temporaryName(CREDENTIALS));
  try {
    writeNewFile(temporary, merged, { mode: ((theirs ?? ours)?.stats.mode ?? 0o600) & 0o777 });
    // The time of the login, not that of its journey: the next to be merged is compared with it.
    const seconds = Math.max(ours?.stats.mtimeMs ?? 0, theirs?.stats.mtimeMs ?? 0) / 1000;
    utimesSync(temporary, seconds, seconds);
    if (theirs === undefined) putNew(temporary, path);
    else giveUp(path, theirs, temporary, [...backups, temporary], linked);
  } finally {
    removeQuietly(temporary);
  }
}

/** Unlike rename(2), link(2) does not replace a file that came up meanwhile. */
function putNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') throw new ChangedError(path);
    if (!NO_HARD_LINKS.includes(code)) throw error;
    giveUp(path, undefined, temporary, [], undefined);
  }
}

/**
 * The only place that takes the name of a `.credentials.json` away from its content, for nothing or for another file. That
 * happens only when the content is still what was judged, and every login in it stands in one of `witnesses`: a regular
 * file under another name, read now.
 * @throws ChangedError when Codex has written since.
 */
function giveUp(
  path: string,
  judged: Logins | undefined,
  successor: string | undefined,
  witnesses: readonly string[],
  linked: LinkedLogins | undefined,
): void {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if ((present === undefined) !== (judged === undefined)) throw new ChangedError(path);
  if (judged !== undefined) {
    const isEmpty = judged.entries.size === 0;
    const isWitnessed = witnesses.some((witness) => {
      const kept = readLogins(witness);
      return kept !== undefined && isCovered(judged, kept, linked);
    });
    if (!isEmpty && !isWitnessed) throw new Error(`${path} holds logins that stand nowhere else`);
    if (!readFileSync(path).equals(judged.bytes)) throw new ChangedError(path);
  }
  if (successor !== undefined) renameSync(successor, path);
  else unlinkSync(path);
}

class ChangedError extends Error {
  constructor(path: string) {
    super(`${path} is being changed`);
  }
}

/**
 * For the release: an idle slot must not go on showing a file that is replaced in the shared home meanwhile. What is not
 * adopted yet, and what cannot be removed, stays. Never throws.
 */
export function unlinkCredentials(slot: Places): void {
  try {
    const { ours, theirs } = look(slot);
    if (ours !== undefined && !isInStep(slot, ours, theirs)) return;
    // The record goes first: with it and without the file the slot would look as if its session had removed the logins.
    forget(slot);
    if (ours === undefined) return;
    giveUp(own(slot), readLogins(own(slot)), undefined, [shared(slot)], undefined);
  } catch {
    // The next session in the slot adopts it.
  }
}

function isKeptBy(
  merged: Buffer | undefined,
  side: Logins,
  linked: LinkedLogins | undefined,
): boolean {
  if (merged === undefined) return side.entries.size === 0;
  return isCovered(side, parseLogins(merged, side.stats), linked);
}

// The record of what was linked tells "the session removed it" from "it was never there".
function link(
  slot: Places,
  before?: Logins,
  witnesses: readonly string[] = [],
  linked?: LinkedLogins,
): void {
  const temporary = join(slot.home, temporaryName(CREDENTIALS));
  try {
    hardLinkOrCopy(shared(slot), temporary);
    giveUp(own(slot), before, temporary, witnesses, linked);
    remember(slot, lstatSync(own(slot)));
  } finally {
    // rename(2) of two names of one inode does nothing, not even remove the first.
    removeQuietly(temporary);
  }
}

function hardLinkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', ...NO_HARD_LINKS].includes(errnoOf(error) ?? '')) throw error;
    cpSync(from, to, { preserveTimestamps: true });
  }
}

const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

function look(slot: Places): { ours: Stats | undefined; theirs: Stats | undefined } {
  return {
    ours: lstatSync(own(slot), { throwIfNoEntry: false }),
    theirs: lstatSync(shared(slot), { throwIfNoEntry: false }),
  };
}

function isInStep(slot: Places, ours: Stats, theirs: Stats | undefined): boolean {
  if (theirs === undefined || !ours.isFile() || !theirs.isFile()) return false;
  return isSameFile(ours, theirs) || readFileSync(own(slot)).equals(readFileSync(shared(slot)));
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Puts on record what both sides have now, unless it is there. */
function remember(slot: Places, { size, mtimeMs }: Stats): void {
  const record = readRecord(slot);
  if (record?.size === size && record.mtimeMs === mtimeMs) return;
  try {
    const logins = readLogins(own(slot));
    if (logins === undefined) return;
    replaceFile(recordFile(slot), JSON.stringify(digestLogins(logins)), { sync: false });
  } catch {
    forget(slot); // what is not known to have been linked is never taken for removed
  }
}

function readRecord(slot: Places): LinkedLogins | undefined {
  const read = readJson(recordFile(slot));
  const record = read.kind === 'ok' ? (read.value as Partial<LinkedLogins> | null) : undefined;
  const isWhole = typeof record?.whole === 'string' && typeof record.entries === 'object';
  return isWhole && record.entries !== null ? (record as LinkedLogins) : undefined;
}

function forget(slot: Places): void {
  rmSync(recordFile(slot), { force: true });
}

function recordFile(slot: Places): string {
  return join(slot.side, 'credentials.linked');
}

function own(slot: Places): string {
  return join(slot.home, CREDENTIALS);
}

function shared(slot: Places): string {
  return join(slot.sharedHome, CREDENTIALS);
}
