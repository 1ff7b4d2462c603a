import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../state/attempt.ts';
import { isAsNew } from './compare-logins.ts';
import { deleteLogin, type SaveElsewhere } from './credential/discard.ts';
import { readCredential } from './credential/read.ts';
import { keepLogin } from './keep-login.ts';

/** How long the login of a removed target is kept. */
export const KEPT_DAYS = 30;

/** Keeps the logins of a removed target among the orphans: the newest login of each account. */
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

/** Deletes logins of removed targets after {@link KEPT_DAYS}. Other orphans stay. Never throws: the next command tries again. */
export function expireRemoved(orphansDir: string, now: Date): void {
  attempt(() => {
    for (const name of readdirSync(orphansDir)) {
      // The name of a target has no @.
      if (!/^auth-removed@.+\.json(-\d+)?$/.test(name)) continue;
      const file = join(orphansDir, name);
      const age = now.getTime() - lstatSync(file).mtimeMs;
      if (age > KEPT_DAYS * 24 * 3_600_000) deleteLogin(file);
    }
  });
}
