import { join } from 'node:path';
import { ensurePrivateDir, listReadableNames, timestamp } from '../state/files.ts';
import { addLogin } from './credential/put.ts';
import { readCredential } from './credential/read.ts';

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

/** {@link keepLogin}, unless this label has the text already: a tool may write one old login again and again. */
export function keepLoginOnce(
  orphansDir: string,
  label: string,
  content: string,
  now: Date,
): string {
  const start = `auth-${label}-`;
  const known = listReadableNames(orphansDir)
    .filter(
      (name) =>
        name.startsWith(start) && /^\d{8}T\d{6}Z\.json(-\d+)?$/.test(name.slice(start.length)),
    )
    .map((name) => join(orphansDir, name))
    .find((file) => readCredential(file)?.text === content);
  return known ?? keepLogin(orphansDir, label, content, now);
}
