import { statSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../state/attempt.ts';
import { ensurePrivateDir, removeQuietly, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import type { Need } from './token-age.ts';

/** How long a failed refresh is not tried again: long while there is time, short when Codex would refresh itself. */
const REST_MS = { soon: 60_000, close: 5000, now: 5000 };

type Places = Pick<Paths, 'locksDir'>;

/** Whether a refresh of this account's token has failed a short time ago. @param now epoch milliseconds. */
export function failedLately(
  paths: Places,
  target: string,
  need: Exclude<Need, 'no'>,
  now: number,
): boolean {
  const failedAt = statSync(failureFile(paths, target), { throwIfNoEntry: false })?.mtimeMs;
  return failedAt !== undefined && Math.abs(now - failedAt) < REST_MS[need];
}

/** Records that a refresh has failed now. Never throws: without the record the refresh is tried again sooner. */
export function noteFailure(paths: Places, target: string): void {
  attempt(() => {
    ensurePrivateDir(paths.locksDir);
    replaceFile(failureFile(paths, target), '', { sync: false });
  });
}

/** Deletes the record of a failed refresh. */
export function forgetFailure(paths: Places, target: string): void {
  removeQuietly(failureFile(paths, target));
}

// No target's name contains a colon.
function failureFile({ locksDir }: Places, target: string): string {
  return join(locksDir, `${target}:failed`);
}
