import { timestamp, unusedName } from '../state/files.ts';
import { copyNew, moveNew } from './move.ts';

/** A free name beside a file, for the older one of two files. */
export function backupName(path: string, now: Date): string {
  return unusedName(`${path}.hotswap-backup-${timestamp(now)}`);
}

/** Whether this is a backup of ours. It is for the user, and Codex does not see it. */
export function isBackupName(name: string): boolean {
  return /\.hotswap-backup-\d{8}T\d{6}Z(-\d+)?$/.test(name);
}

/**
 * Copies a file to a backup name, whole or not at all, with its times and mode. Returns the backup's path.
 * @param winner the file that stays instead, when it is another one: the backup is beside it.
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
