import { join } from 'node:path';
import { ensurePrivateDir, timestamp } from '../state/files.ts';
import { addLogin } from './credential/put.ts';

/**
 * Keeps the text of a login that loses its place (0600), for the user: nothing that could still be worth something is
 * overwritten. `import` adopts it, `doctor` tells of it.
 * @param label what it was: a target's name, a slot.
 * @returns its file.
 */
export function keepLogin(orphansDir: string, label: string, content: string, now: Date): string {
  ensurePrivateDir(orphansDir);
  return addLogin(join(orphansDir, `auth-${label}-${timestamp(now)}.json`), content);
}
