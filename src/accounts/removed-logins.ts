import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAsNew } from './compare-logins.ts';
import { deleteLogin, type SaveElsewhere } from './credential/discard.ts';
import { readCredential } from './credential/read.ts';
import { keepLogin } from './keep-login.ts';

/** How long the login of a target that was removed is kept. */
export const KEPT_DAYS = 30;

/** Keeps the logins of a target that is removed, among the orphans: the newest of each account. */
export function keepRemoved(orphansDir: string, name: string, now: Date): SaveElsewhere {
  const kept: string[] = [];
  return (text) => {
    const known = kept.find((file) => isAsNew(readCredential(file)?.text ?? '', text));
    if (known !== undefined) return known;
    const file = keepLogin(orphansDir, `removed@${name}`, text, now);
    kept.push(file);
    return file;
  };
}

/** Deletes the logins of targets that were removed long ago. Other orphans stay. Never throws. */
export function expireRemoved(orphansDir: string, now: Date): void {
  try {
    for (const name of readdirSync(orphansDir)) {
      // No target's name has an @ in it.
      if (!/^auth-removed@.+\.json(-\d+)?$/.test(name)) continue;
      const file = join(orphansDir, name);
      const age = now.getTime() - lstatSync(file).mtimeMs;
      if (age > KEPT_DAYS * 24 * 3_600_000) deleteLogin(file);
    }
  } catch {
    // There are no orphans, or the next command deletes them.
  }
}
