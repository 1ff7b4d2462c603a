import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileSystemTime } from './file-clock.ts';
import { leaseNumbersIn, makeLease } from './lease-files.ts';

/** Longer than a client of a file server caches a directory. */
const UNTOUCHED_MS = 60_000;

/**
 * Makes a lease in a directory that has none, because its files were removed or lost. Without a lease nobody could claim it.
 *
 * One listing does not prove that the directory is empty: while `lease.<g>` is replaced by `lease.<g+1>` a listing may show
 * neither. But each of those steps changes the time of the directory. So the directory is empty if its time is the same
 * before and after the listing, and a minute old.
 *
 * The new lease belongs to an unknown dead owner, and is claimed like any other. Its number is the time of the directory in
 * microseconds, which is above every counted number. Two processes that mend at once make the same number, so one link(2)
 * fails. A process that slept after its listing makes a number below the newer ones, which counts for nothing.
 * @returns whether there is a lease now.
 */
export function mendLeases(dir: string): boolean {
  const before = timeOf(dir);
  if (before === undefined || leaseNumbersIn(dir).length > 0) return true;
  // In the parent directory, because asking for the time makes a file.
  const now = fileSystemTime(dirname(dir));
  if (now === undefined || Math.abs(now - before) < UNTOUCHED_MS || timeOf(dir) !== before) {
    return false;
  }
  makeLease(dir, Math.floor(before * 1000), '');
  return true;
}

function timeOf(dir: string): number | undefined {
  return statSync(dir, { throwIfNoEntry: false })?.mtimeMs;
}
