import { realpathSync } from 'node:fs';

/** A directory with its links resolved, so that two names of it are equal; itself when it is not there. */
export function canonicalDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
