import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, listReadableNames } from '../state/files.ts';
import { isAsideName } from './credential/aside.ts';
import { isLink, restoreLink } from './credential/swap-link.ts';
import { absorbLogin, type Placement, type Refuge } from './place-login.ts';

/** A rename and a link take microseconds; the clock of a file server may differ. */
const AT_WORK_MS = 5000;

/** What a process that died has put aside of an auth.json in this directory. */
export function listLeftovers(dir: string): string[] {
  return listReadableNames(dir)
    .filter(isAsideName)
    .map((name) => join(dir, name))
    .filter((aside) => !isAtWork(aside));
}

/**
 * Gives a link that was put aside its name back; takes a login to its vault, or to the orphans.
 * @param authFile the former name.
 * @returns where a login went.
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

/** Whether the process that has put it aside may still be at it. Our own process never is: it does not pause there. */
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
