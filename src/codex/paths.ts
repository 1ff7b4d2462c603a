import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/** The path with all links resolved; the same path when it does not exist. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** A directory and all directories above it, the nearest first. */
export function listAncestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...listAncestors(parent)];
}
