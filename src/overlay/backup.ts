import { timestamp, unusedName } from '../state/files.ts';
import { copyNew, moveNew } from './move.ts';

/** Whether a file is a backup of ours. Backups are for the user, and no overlay has them. */
export function isBackupName(name: string): boolean {
  return /\.hotswap-backup-\d{8}T\d{6}Z(-\d+)?$/.test(name);
}

/**
 * Copies a file to a backup, with its times and mode. The backup appears complete or not at all.
 * @param original the file that the backup is named after; default: the copied file.
 * @returns the path of the backup.
 */
export function backUp(path: string, now: Date, original = path): string {
  return underBackupName(original, now, (backup) => copyNew(path, backup));
}

/** Moves a file or a directory to a backup of `path`. @returns the path of the backup. */
export function moveToBackup(from: string, path: string, now: Date): string {
  return underBackupName(path, now, (backup) => moveNew(from, backup));
}

/** Another session may take the same name in the same second. */
function underBackupName(path: string, now: Date, put: (backup: string) => boolean): string {
  for (;;) {
    const backup = unusedName(`${path}.hotswap-backup-${timestamp(now)}`);
    if (put(backup)) return backup;
  }
}
