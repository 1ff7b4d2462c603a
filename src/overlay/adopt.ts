import {
  type Dirent,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { isThere } from '../accounts/credential/read.ts';
import type { Refuge } from '../accounts/place-login.ts';
import { findEntryPolicy, isPrivateForSeatbelt, isRecreatedByCodex } from '../codex/home-table.ts';
import { attempt } from '../state/attempt.ts';
import { isTemporaryName } from '../state/files.ts';
import { adoptionLockOf } from '../state/paths.ts';
import { underLock } from '../state/records.ts';
import { type AuthAdoption, adoptAuth } from './adopt-auth.ts';
import { backUp, moveToBackup } from './backup.ts';
import { adoptCredentials } from './credentials.ts';
import { CREDENTIALS } from './credentials-files.ts';
import { moveNew, moveOver } from './move.ts';
import type { Slot } from './slot.ts';

export interface Adoption {
  /** Relative to the home. */
  entry: string;
  /** A text for the event log. */
  outcome: string;
  /** The file with the older one of two files. */
  backup?: string;
}

export interface AdoptReport {
  adopted: Adoption[];
  auth?: AuthAdoption;
  /** Lines for the user about entries that could not be adopted. Those entries were not moved. */
  problems: string[];
}

export interface AdoptOptions extends Omit<Refuge, 'label'> {
  /** The slot is deleted next, so entries that are private only because Codex refuses a link are moved, too. */
  isLast?: boolean;
}

/**
 * Moves the real entries of the slot to the shared home, and a login to its vault: files that replaced a link, and entries
 * that Codex added. Of two files the newer one stays, and the older one becomes a backup, unless Codex recreates such files.
 * Private entries stay, and entries of the policy 'never' are not read. Used when a slot is released, and before the slot of
 * a dead session is furnished. Idempotent. Never throws.
 *
 * A lock lets sessions adopt one after the other. Without the lock no file is lost either (see move.ts).
 */
export function adoptSlot(slot: Slot, { isLast = false, ...refuge }: AdoptOptions): AdoptReport {
  const { now } = refuge;
  const report: AdoptReport = { adopted: [], problems: [] };
  attemptFor('auth.json', report, () => {
    const auth = adoptAuth(slot, refuge);
    if (auth !== undefined) report.auth = auth;
  });
  attemptFor(CREDENTIALS, report, () => {
    const adopted = adoptCredentials(slot, now);
    if (adopted !== undefined) report.adopted.push({ entry: CREDENTIALS, ...adopted });
  });
  let drifted: Dirent[] = [];
  attemptFor('the files of the session', report, () => {
    drifted = readdirSync(slot.home, { withFileTypes: true }).filter((entry) =>
      isDrift(entry, isLast),
    );
  });
  if (drifted.length === 0) return report;
  underLock(adoptionLockOf(slot.home), 'go-on', () => {
    for (const { name } of drifted) {
      attemptFor(name, report, () => {
        adopt(slot, name, report, now);
        const from = join(slot.home, name);
        if (!isThere(from)) symlinkSync(join(slot.sharedHome, name), from);
      });
    }
  });
  return report;
}

// Sockets, fifos and devices work only with their process.
function isDrift(entry: Dirent, isLast: boolean): boolean {
  return (
    (entry.isFile() || entry.isDirectory()) &&
    (findEntryPolicy(entry.name) === 'link' || (isLast && isPrivateForSeatbelt(entry.name))) &&
    !isTemporaryName(entry.name)
  );
}

function adopt(slot: Slot, entry: string, report: AdoptReport, now: Date, tries = 5): void {
  const from = join(slot.home, entry);
  const to = followLink(join(slot.sharedHome, entry));
  const ours = lstatSync(from);
  const theirs = lstatSync(to, { throwIfNoEntry: false });
  if (!ours.isFile() && !ours.isDirectory() && !ours.isSymbolicLink()) {
    unlinkSync(from); // a socket or a fifo in a directory, of a process that has ended
  } else if (theirs === undefined) {
    if (moveNew(from, to)) report.adopted.push({ entry, outcome: 'new' });
    // Another session has made the file just now: compare the two.
    else if (tries > 1) adopt(slot, entry, report, now, tries - 1);
    else throw new Error(`another program makes and removes ${to} all the time`);
  } else if (ours.isDirectory() && theirs.isDirectory()) {
    for (const name of readdirSync(from)) {
      attemptFor(join(entry, name), report, () => adopt(slot, join(entry, name), report, now));
    }
    rmdirSync(from);
  } else if (isSame(from, ours, to, theirs)) {
    unlinkSync(from);
  } else {
    report.adopted.push({ entry, ...keepNewer({ entry, from, ours, to, theirs }, now) });
  }
}

interface Pair {
  entry: string;
  from: string;
  ours: Stats;
  to: string;
  theirs: Stats;
}

function keepNewer(pair: Pair, now: Date): { outcome: string; backup?: string } {
  const { entry, from, ours, to, theirs } = pair;
  const areFiles = ours.isFile() && theirs.isFile();
  const isNewer = areFiles && ours.mtimeMs >= theirs.mtimeMs;
  if (areFiles && isRecreatedByCodex(entry)) {
    if (isNewer) moveOver(from, to);
    else unlinkSync(from);
    return { outcome: isNewer ? 'newer in the session' : 'newer in the Codex home' };
  }
  if (isNewer) {
    const backup = backUp(to, now);
    moveOver(from, to);
    return { outcome: 'newer in the session', backup };
  }
  return { outcome: 'newer in the Codex home', backup: moveToBackup(from, to, now) };
}

function isSame(from: string, ours: Stats, to: string, theirs: Stats): boolean {
  if (ours.isSymbolicLink() && theirs.isSymbolicLink()) {
    return readlinkSync(from) === readlinkSync(to);
  }
  if (!ours.isFile() || !theirs.isFile() || ours.size !== theirs.size) return false;
  return readFileSync(from).equals(readFileSync(to));
}

// A user may keep config.toml in a dotfiles repository, with a link in the shared home. The link stays.
function followLink(path: string): string {
  return attempt(() => realpathSync.native(path)) ?? path;
}

function attemptFor(entry: string, report: AdoptReport, action: () => void): void {
  try {
    action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.problems.push(`${entry} could not be moved to the Codex home: ${reason}`);
  }
}
