import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, listReadableNames } from '../state/files.ts';
import { isAsideName } from './credential/aside.ts';
import { isLink, restoreLink } from './credential/swap-link.ts';
import { absorbLogin, type Placement, type Refuge } from './place-login.ts';

/** A rename and a link take microseconds. The clock of a file server may differ from ours by seconds. */
const AT_WORK_MS = 5000;

/** The auth.json files and links in this directory that a process has put aside before it died. */
export function listLeftovers(dir: string): string[] {
  return listReadableNames(dir)
    .filter(isAsideName)
    .map((name) => join(dir, name))
    .filter((aside) => !isAtWork(aside));
}

/**
 * Gives a link that was put aside its name back. Moves a login that was put aside to its vault, or to the orphans.
 * @param authFile the former name.
 * @returns the new place of a login.
 */
export function restoreLeftover(
  aside: string,
  authFile: string,
  refuge: Refuge,
): Placement | undefined {
  if (!isLink(aside)) return absorbLogin(aside, refuge);
  restoreLink(aside, authFile);
  return undefined;
}

/** Whether the process that has put it aside may still work on it. Our own process never pauses there. */
function isAtWork(aside: string): boolean {
  const pid = Number(/-(\d+)-[0-9a-f]{8}$/.exec(aside)?.[1]);
  const stats = lstatSync(aside, { throwIfNoEntry: false });
  if (stats === undefined || pid === process.pid) return false;
  if (Math.abs(Date.now() - stats.ctimeMs) > AT_WORK_MS) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
