import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The path with all links resolved; the same path when it does not exist. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Undefined when the file is missing or cannot be reached: a link to itself, a directory without permission. */
export function statQuietly(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** A directory and all directories above it, the nearest first. */
export function listAncestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...listAncestors(parent)];
}
