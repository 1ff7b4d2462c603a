import { realpathSync } from 'node:fs';
import { attempt } from './attempt.ts';

/** A directory with its links resolved, so that its different paths are equal; the path itself when no directory is there. */
export function canonicalDirectory(directory: string): string {
  return attempt(() => realpathSync(directory)) ?? directory;
}
