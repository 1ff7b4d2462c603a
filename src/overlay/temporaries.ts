import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemTime } from '../state/file-clock.ts';
import { isTemporaryName, listReadableNames, temporaryOwner } from '../state/files.ts';
import { processStartTime } from '../state/process-identity.ts';

/** The owner may live in another container or on another machine. A write takes less time than this. */
const LEAST_AGE_MS = 60_000;

/**
 * Removes the unfinished files and directories that processes of ours have left in a directory.
 * @param names the entries of the directory, if the caller has read them already.
 * @param nowMs the time on that file system, for tests. Our clock may be hours ahead of the clock of a file server.
 */
export function sweepTemporaries(
  dir: string,
  names: readonly string[] = listReadableNames(dir),
  nowMs?: number,
): void {
  for (const name of names) {
    if (!isTemporaryName(name)) continue;
    const path = join(dir, name);
    try {
      const pid = temporaryOwner(name);
      if (pid === process.pid || processStartTime(pid) !== undefined) continue;
      const { ctimeMs } = lstatSync(path);
      const now = nowMs ?? fileSystemTime(dir);
      if (now !== undefined && now - ctimeMs >= LEAST_AGE_MS) {
        rmSync(path, { recursive: true, force: true });
      }
    } catch {
      // Another process removes the entry, or the next sweep does.
    }
  }
}
