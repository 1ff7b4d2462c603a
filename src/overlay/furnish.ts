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

/** The names of the links that were made and removed. `drifted`: real entries in the place of a link; adopt them. */
export interface FurnishReport {
  linked: string[];
  removed: string[];
  drifted: string[];
}

/**
 * Makes a link in the overlay for every shared entry of the shared home, and changes nothing else. Without a change it costs
 * two directory reads and one readlink for each entry. Run it before every child: the entries may have changed.
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

/** The names to link. Makes the directories that Codex would otherwise make in the overlay (fact 30). */
function readSharedHome(sharedHome: string): Set<string> {
  ensureDir(sharedHome);
  const all = readdirSync(sharedHome);
  sweepTemporaries(sharedHome, all);
  const names = new Set(all.filter((name) => !isBackupName(name) && !isTemporaryName(name)));
  for (const name of SHARED_DIRECTORIES) {
    if (names.has(name)) continue;
    ensureDir(join(sharedHome, name));
    names.add(name);
  }
  // A link to a missing file works: open(O_CREAT) through it makes the file in the shared home.
  for (const name of SHARED_FILES) names.add(name);
  return names;
}

function furnishEntry(
  slot: Slot,
  name: string,
  entry: Dirent | undefined,
  report: FurnishReport,
): void {
  const policy = findEntryPolicy(name);
  if (policy === 'hardlink') return; // see linkCredentials
  // `join` reads each letter of a path, and V8 has not compiled it yet: that would be half of the time of furnishing.
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

// Removes a link to an entry that was deleted in the shared home, as Codex could make no directory there. Removes a link that
// an older version of ours has made. Real files stay: they are adopted.
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
