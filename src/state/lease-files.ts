import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from './files.ts';

export function leaseFile(dir: string, generation: number): string {
  return join(dir, `lease.${generation}`);
}

/** The generations present, oldest first; none in a directory that is gone. */
export function leasesIn(dir: string): number[] {
  return listDir(dir)
    .map((name) => /^lease\.(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function listDir(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
