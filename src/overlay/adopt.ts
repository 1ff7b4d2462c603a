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
import type { KnownVault } from '../accounts/place-login.ts';
import { policyOf } from '../codex/home-table.ts';
import { isTemporaryName } from '../state/files.ts';
import { type AuthAdoption, adoptAuth } from './adopt-auth.ts';
import { backUp, backupName, move } from './backup.ts';
import { adoptCredentials, CREDENTIALS } from './credentials.ts';
import type { Slot } from './slot.ts';

export interface Adoption {
  /** Relative to the home. */
  entry: string;
  /** In words, for the event log. */
  outcome: string;
  /** Where the loser is kept. */
  backup?: string;
}

export interface AdoptReport {
  adopted: Adoption[];
  auth?: AuthAdoption;
  /** Lines for the user about what could not be adopted; it is still where it was. */
  problems: string[];
}

/**
 * Brings what became real in the slot to where it belongs (design 3): a link that was replaced by a file, an entry that
 * Codex added, a login. Newest wins, the loser is kept beside it. Private entries stay; 'never' entries are not
 * looked into. For the release of a slot, and before furnishing one whose owner died. Idempotent; no exception for
 * a single entry that fails.
 */
export function adoptSlot(
  slot: Slot,
  { vaults, orphansDir, now }: { vaults: readonly KnownVault[]; orphansDir: string; now: Date },
): AdoptReport {
  const report: AdoptReport = { adopted: [], problems: [] };
  attempt('auth.json', report, () => {
    const auth = adoptAuth(slot, vaults, orphansDir, now);
    if (auth !== undefined) report.auth = auth;
  });
  attempt(CREDENTIALS, report, () => {
    const adopted = adoptCredentials(slot, now);
    if (adopted !== undefined) report.adopted.push({ entry: CREDENTIALS, ...adopted });
  });
  let entries: Dirent[] = [];
  attempt('what the session left', report, () => {
    entries = readdirSync(slot.home, { withFileTypes: true });
  });
  for (const entry of entries) {
    if (!isDrift(entry)) continue;
    attempt(entry.name, report, () => {
      adopt(slot, entry.name, report, now);
      const left = lstatSync(join(slot.home, entry.name), { throwIfNoEntry: false });
      if (left === undefined) {
        symlinkSync(join(slot.sharedHome, entry.name), join(slot.home, entry.name));
      }
    });
  }
  return report;
}

// Sockets, fifos and devices belong to a process and mean nothing elsewhere.
function isDrift(entry: Dirent): boolean {
  return (
    (entry.isFile() || entry.isDirectory()) &&
    policyOf(entry.name) === 'link' &&
    !isTemporaryName(entry.name)
  );
}

function adopt(slot: Slot, entry: string, report: AdoptReport, now: Date): void {
  const from = join(slot.home, entry);
  const to = followLink(join(slot.sharedHome, entry));
  const ours = lstatSync(from);
  const theirs = lstatSync(to, { throwIfNoEntry: false });
  if (theirs === undefined) {
    move(from, to);
    report.adopted.push({ entry, outcome: 'new' });
  } else if (ours.isDirectory() && theirs.isDirectory()) {
    for (const name of readdirSync(from)) {
      attempt(join(entry, name), report, () => adopt(slot, join(entry, name), report, now));
    }
    rmdirSync(from);
  } else if (isSame(from, ours, to, theirs)) {
    unlinkSync(from);
  } else {
    report.adopted.push({ entry, ...settle(from, ours, to, theirs, now) });
  }
}

function settle(
  from: string,
  ours: Stats,
  to: string,
  theirs: Stats,
  now: Date,
): { outcome: string; backup: string } {
  if (ours.isFile() && theirs.isFile() && ours.mtimeMs >= theirs.mtimeMs) {
    const backup = backUp(to, now);
    move(from, to);
    return { outcome: 'newer in the session', backup };
  }
  const backup = backupName(to, now);
  move(from, backup);
  return { outcome: 'newer in the shared home', backup };
}

function isSame(from: string, ours: Stats, to: string, theirs: Stats): boolean {
  if (ours.isSymbolicLink() && theirs.isSymbolicLink()) {
    return readlinkSync(from) === readlinkSync(to);
  }
  if (!ours.isFile() || !theirs.isFile() || ours.size !== theirs.size) return false;
  return readFileSync(from).equals(readFileSync(to));
}

// A user who keeps config.toml in a dotfiles repository has a link in the shared home; the link stays.
function followLink(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function attempt(entry: string, report: AdoptReport, action: () => void): void {
  try {
    action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.problems.push(`${entry} could not be brought to the shared home: ${reason}`);
  }
}
