import { type Dirent, readdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isAsideName } from '../accounts/credential/aside.ts';
import { swapLink } from '../accounts/credential/swap-link.ts';
import { findEntryPolicy, SHARED_DIRECTORIES, SHARED_FILES } from '../codex/home-table.ts';
import { ensureDir, isTemporaryName, removeQuietly } from '../state/files.ts';
import { isBackupName } from './backup.ts';
import { linkCredentials } from './credentials.ts';
import { CREDENTIALS } from './credentials-files.ts';
import type { Slot } from './slot.ts';
import { sweepTemporaries } from './temporaries.ts';

/** What furnishing did. `drifted`: real entries where a link should be, which are to be adopted. */
export interface FurnishReport {
  linked: string[];
  removed: string[];
  drifted: string[];
}

/**
 * Gives the overlay a link for every shared entry of the shared home; nothing else is touched. When all is right already it
 * costs two directory reads and one readlink per entry. Run it before every child start, as entries come and go.
 */
export function furnishSlot(slot: Slot): FurnishReport {
  const shared = readSharedHome(slot.sharedHome);
  const present = new Map(
    readdirSync(slot.home, { withFileTypes: true }).map((entry) => [entry.name, entry]),
  );
  const report: FurnishReport = { linked: [], removed: [], drifted: [] };
  for (const name of shared) furnishEntry(slot, name, present.get(name), report);
  for (const [name, entry] of present) {
    if (!shared.has(name)) tidyEntry(slot, name, entry, report);
  }
  if (linkCredentials(slot) === 'drifted') report.drifted.push(CREDENTIALS);
  return report;
}

/** The names to link. First it makes the directories that Codex would otherwise make in the overlay (fact 30). */
function readSharedHome(sharedHome: string): Set<string> {
  ensureDir(sharedHome);
  const all = readdirSync(sharedHome);
  sweepTemporaries(sharedHome, all);
  const names = new Set(all.filter((name) => !isUnshared(name)));
  for (const name of SHARED_DIRECTORIES) {
    if (names.has(name)) continue;
    ensureDir(join(sharedHome, name));
    names.add(name);
  }
  // A link to a missing file is fine: open(O_CREAT) through it makes the file in the shared home.
  for (const name of SHARED_FILES) names.add(name);
  return names;
}

// Backups are for the user. Unfinished files are of no use.
function isUnshared(name: string): boolean {
  return isBackupName(name) || isTemporaryName(name);
}

function furnishEntry(
  slot: Slot,
  name: string,
  entry: Dirent | undefined,
  report: FurnishReport,
): void {
  const policy = findEntryPolicy(name);
  if (policy === 'hardlink') return; // see linkCredentials
  // `join` walks over each letter of a path, and V8 has not compiled it yet: half of what furnishing costs a start.
  const path = `${slot.home}/${name}`;
  const shared = `${slot.sharedHome}/${name}`;
  if (policy !== 'link') {
    tidyEntry(slot, name, entry, report);
  } else if (entry === undefined) {
    symlinkSync(shared, path);
    report.linked.push(name);
  } else if (!entry.isSymbolicLink()) {
    report.drifted.push(name);
  } else if (readlinkSync(path) !== shared) {
    const outcome = swapLink(path, shared);
    report[outcome === 'linked' ? 'linked' : 'drifted'].push(name);
  }
}

// Removes links that should not be there: a link to an entry that was deleted in the shared home, where Codex could not make
// a directory, and a link of an entry that an older version of ours shared. Real files are left for adoption.
function tidyEntry(
  slot: Slot,
  name: string,
  entry: Dirent | undefined,
  report: FurnishReport,
): void {
  const path = `${slot.home}/${name}`;
  const policy = findEntryPolicy(name);
  if (policy === 'vault' || policy === 'hardlink' || entry === undefined) return;
  if (isAsideName(name)) return; // see adopt-auth.ts
  if (isTemporaryName(name)) {
    removeQuietly(path);
  } else if (entry.isSymbolicLink()) {
    unlinkSync(path);
    report.removed.push(name);
  } else if (policy === 'link') {
    report.drifted.push(name);
  }
}
