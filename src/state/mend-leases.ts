import { linkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSystemTime } from './file-clock.ts';
import { errnoOf, removeQuietly, temporaryName, writeNewFile } from './files.ts';
import { leaseFile, leasesIn } from './lease-files.ts';

/** Longer than a client of a file server remembers what is in a directory. */
const UNTOUCHED_MS = 60_000;

/**
 * Gives a directory without any lease one again: somebody has removed the files, or the disk has lost them. It could never
 * be claimed else.
 *
 * That it is empty cannot be seen by one look: a listing that is made while `lease.<g>` is replaced by `lease.<g+1>` may
 * show neither. But each of those steps changes the time of the directory. So it is empty for certain if that time is the
 * same before and after the listing, and a minute old.
 *
 * Nobody owns what is made here: the lease is that of an unknown dead owner, and is then claimed as any other. Two processes
 * that found the same damage make the same number from the same time, so one link(2) of the two fails. A process that
 * slept after its look makes its lease below those that came after it, and there it counts for nothing. The number, in
 * microseconds, is above any that was ever counted up to.
 * @returns whether there is one now.
 */
export function mendLeases(dir: string): boolean {
  const before = timeOf(dir);
  if (before === undefined || leasesIn(dir).length > 0) return true;
  // Asked beside it, not in it: the answer makes a file.
  const now = fileSystemTime(dirname(dir));
  if (now === undefined || Math.abs(now - before) < UNTOUCHED_MS || timeOf(dir) !== before) {
    return false;
  }
  const temporary = join(dir, temporaryName('lease'));
  try {
    writeNewFile(temporary, '', { sync: false });
    linkSync(temporary, leaseFile(dir, Math.floor(before * 1000)));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    removeQuietly(temporary);
  }
  return true;
}

function timeOf(dir: string): number | undefined {
  return statSync(dir, { throwIfNoEntry: false })?.mtimeMs;
}
