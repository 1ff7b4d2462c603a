import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrivateDir, errnoOf, replaceFile, timestamp, unusedName } from '../state/files.ts';

/**
 * Keeps the text of a login that loses its place (0600), for the user: nothing that could still be worth something is
 * overwritten. `import` adopts it, `doctor` tells of it.
 * @param label what it was: a target's name, a slot.
 * @returns its file.
 */
export function keepLogin(orphansDir: string, label: string, content: string, now: Date): string {
  ensurePrivateDir(orphansDir);
  const file = unusedName(join(orphansDir, `auth-${label}-${timestamp(now)}.json`));
  replaceFile(file, content);
  return file;
}

/** Moves a login file: one rename, or a whole copy first where the places are on two file systems. */
export function moveLogin(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    replaceFile(to, readFileSync(from));
    unlinkSync(from);
  }
}
