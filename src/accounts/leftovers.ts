import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../state/files.ts';
import { isAsideName } from './credential-file.ts';
import { restoreLink } from './credential-link.ts';
import { keepLogin } from './keep-login.ts';
import { absorbLogin, type KnownVault, type Placement } from './place-login.ts';

/** A rename and a link take microseconds; the clock of a file server may differ. */
const AT_WORK_MS = 5000;

/** What was put aside of an auth.json in this directory, by a process that died before it was settled. */
export function listLeftovers(dir: string): string[] {
  return listNames(dir)
    .filter(isAsideName)
    .map((name) => join(dir, name))
    .filter((aside) => !isAtWork(aside));
}

/**
 * Gives a link that was put aside its name again; brings a login to its vault, or to the orphans.
 * @returns where a login went.
 */
export function settleLeftover(
  aside: string,
  authFile: string,
  { vaults, orphansDir, label, now }: Orphanage,
): Placement | undefined {
  if (lstatSync(aside, { throwIfNoEntry: false })?.isSymbolicLink()) {
    restoreLink(aside, authFile);
    return undefined;
  }
  return absorbLogin(aside, vaults, {
    keep: (loser, vault) => keepLogin(orphansDir, vault, loser, now),
    orphan: (text) => keepLogin(orphansDir, label, text, now),
  });
}

export interface Orphanage {
  vaults: readonly KnownVault[];
  orphansDir: string;
  /** What a login that belongs to no vault is called. */
  label: string;
  now: Date;
}

/** Whether the process that put it aside may be about to go on; our own never is, as it does not pause. */
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
