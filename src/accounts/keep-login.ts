import { join } from 'node:path';
import { ensurePrivateDir, timestamp } from '../state/files.ts';
import { addLogin } from './credential/put.ts';

/**
 * Writes a login that is removed from its place into a new file (0600) among the orphans, as it may still work. `doctor`
 * lists the orphans, and `import` makes a target of one.
 * @param label the former place: a target's name or a slot.
 * @returns the file.
 */
export function keepLogin(orphansDir: string, label: string, content: string, now: Date): string {
  ensurePrivateDir(orphansDir);
  return addLogin(join(orphansDir, `auth-${label}-${timestamp(now)}.json`), content);
}
