import { timestamp, unusedName } from '../state/files.ts';
import { copyNew, moveNew } from './move.ts';

/** Where the loser of an adoption is kept: beside the winner, under a name nobody uses yet. */
export function backupName(path: string, now: Date): string {
  return unusedName(`${path}.hotswap-backup-${timestamp(now)}`);
}

/** True for a backup of ours: the user's to look at, not Codex's. */
export function isBackupName(name: string): boolean {
  return /\.hotswap-backup-\d{8}T\d{6}Z(-\d+)?$/.test(name);
}

/**
 * Copies a file to a backup name, whole or not at all, times and mode kept. Returns the backup's path.
 * @param winner what is kept instead, when that is another file: the backup is beside it.
 */
export function backUp(path: string, now: Date, winner = path): string {
  return underBackupName(winner, now, (backup) => copyNew(path, backup));
}

/** Moves a file or a directory to a backup name of `path`. Returns the backup's path. */
export function moveToBackup(from: string, path: string, now: Date): string {
  return underBackupName(path, now, (backup) => moveNew(from, backup));
}

/** Another session may take the same name in the same second. */
function underBackupName(path: string, now: Date, put: (backup: string) => boolean): string {
  for (;;) {
    const backup = backupName(path, now);
    if (put(backup)) return backup;
  }
}
