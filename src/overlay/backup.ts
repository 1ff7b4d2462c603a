import { cpSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, temporaryName, timestamp, unusedName } from '../state/files.ts';

/** Where the loser of an adoption is kept: beside the winner, under a name nobody uses yet. */
export function backupName(path: string, now: Date): string {
  return unusedName(`${path}.hotswap-backup-${timestamp(now)}`);
}

/** True for a backup of ours: the user's to look at, not Codex's. */
export function isBackupName(name: string): boolean {
  return /\.hotswap-backup-\d{8}T\d{6}Z(-\d+)?$/.test(name);
}

/** Copies a file to its backup name, times and mode kept. Returns the backup's path. */
export function backUp(path: string, now: Date): string {
  const backup = backupName(path, now);
  cpSync(path, backup, { preserveTimestamps: true, errorOnExist: true, force: false });
  return backup;
}

/** Renames a file or directory over `to`; across file systems it is copied first and appears there whole. */
export function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    const temporary = join(dirname(to), temporaryName(basename(to)));
    cpSync(from, temporary, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    renameSync(temporary, to);
    rmSync(from, { recursive: true });
  }
}
