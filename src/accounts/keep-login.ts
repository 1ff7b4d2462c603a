import { join } from 'node:path';
import { ensurePrivateDir, timestamp } from '../state/files.ts';
import { addLogin } from './credential/put.ts';

/**
 * Keeps the text of a login that loses its place, as a file of its own (0600): it may still work. `import` adopts it,
 * `doctor` tells of it.
 * @param label where it was: a target's name, a slot.
 * @returns the file.
 */
export function keepLogin(orphansDir: string, label: string, content: string, now: Date): string {
  ensurePrivateDir(orphansDir);
  return addLogin(join(orphansDir, `auth-${label}-${timestamp(now)}.json`), content);
}
