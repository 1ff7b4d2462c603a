import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, listNames, removeQuietly, temporaryName, writeNewFile } from './files.ts';

export function leaseFile(dir: string, leaseNumber: number): string {
  return join(dir, `lease.${leaseNumber}`);
}

/** The numbers of the leases in a directory, oldest first; none when the directory is gone. */
export function leaseNumbersIn(dir: string): number[] {
  return listNames(dir)
    .map((name) => /^lease\.(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Makes a lease with its whole text at once. False when it exists: link(2) replaces nothing. */
export function makeLease(dir: string, leaseNumber: number, text: string): boolean {
  const temporary = join(dir, temporaryName('lease'));
  try {
    writeNewFile(temporary, text, { sync: false });
    linkSync(temporary, leaseFile(dir, leaseNumber));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    removeQuietly(temporary);
  }
}
