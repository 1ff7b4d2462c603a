import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../state/files.ts';
import { isAsideName } from './credential/aside.ts';
import { isLink, restoreLink } from './credential/swap-link.ts';
import { keepLogin } from './keep-login.ts';
import { absorbLogin, type KnownVault, type Placement } from './place-login.ts';

/** A rename and a link take microseconds; the clock of a file server may differ. */
const AT_WORK_MS = 5000;

/** What a process that died has put aside of an auth.json in this directory. */
export function listLeftovers(dir: string): string[] {
  return listNames(dir)
    .filter(isAsideName)
    .map((name) => join(dir, name))
    .filter((aside) => !isAtWork(aside));
}

/** Where a login goes that was put aside. */
export interface Refuge {
  vaults: readonly KnownVault[];
  /** For a login of no vault. */
  orphansDir: string;
  /** Part of its file name there. */
  label: string;
  now: Date;
}

/**
 * Gives a link that was put aside its name back; takes a login to its vault, or to the orphans.
 * @param authFile the former name.
 * @returns where a login went.
 */
export function restoreLeftover(
  aside: string,
  authFile: string,
  { vaults, orphansDir, label, now }: Refuge,
): Placement | undefined {
  if (isLink(aside)) {
    restoreLink(aside, authFile);
    return undefined;
  }
  return absorbLogin(aside, vaults, {
    keep: (loser, vault) => keepLogin(orphansDir, vault, loser, now),
    orphan: (text) => keepLogin(orphansDir, label, text, now),
  });
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

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
