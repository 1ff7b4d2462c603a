import { lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAsNew } from '../../accounts/compare-logins.ts';
import {
  deleteLogin,
  discardLogin,
  type SaveElsewhere,
} from '../../accounts/credential/discard.ts';
import { readCredential } from '../../accounts/credential/read.ts';
import { LAST_GOOD, lastGoodOf } from '../../accounts/last-good.ts';
import { readLogin } from '../../accounts/login.ts';
import { authFileOf } from '../../accounts/vault.ts';
import { isSamePlace, vaultOfHome } from '../../accounts/vault-home.ts';
import type { Target } from '../../state/config.ts';
import { errnoOf, isTemporaryName } from '../../state/files.ts';
import type { Paths } from '../../state/paths.ts';

/**
 * Removes the login from a vault, and the vault when nothing else is in it.
 * @param keep keeps the login elsewhere first; without it the login is deleted.
 * @returns the names of the other entries, which are the user's and stay.
 */
export function removeVault(vault: string, keep?: SaveElsewhere): string[] {
  const names = listNames(vault);
  const isOurs = (name: string) => isOfLogin(name) && !isDirectory(join(vault, name));
  const others = names.filter((name) => !isOurs(name));
  for (const name of names.filter(isOurs)) {
    const file = join(vault, name);
    const text = readCredential(file)?.text ?? '';
    const isWorthIt = name === 'auth.json' ? text !== '' : readLogin(text).kind === 'login';
    if (keep !== undefined && isWorthIt) discardLogin(file, keep);
    else deleteLogin(file);
  }
  if (names.length > 0 && others.length === 0) rmdirSync(vault);
  return others;
}

/**
 * Leaves a vault alone that is not the target's own: a Codex home of this user or of this command, the vault of another target
 * by another path, or a link. From a Codex home only our copy is removed, as the home has the login itself.
 * @returns what stays, in words; undefined for a vault of the target's own, which is to be removed.
 */
export function leaveVault(
  { home, sharedHome }: Paths,
  target: Target,
  others: readonly Target[],
): string[] | undefined {
  const { vault } = target;
  const twin = vaultOfHome(vault, others);
  if (twin !== undefined) return [`the login of ${twin.name}`];
  if (isSamePlace(vault, sharedHome) || isSamePlace(vault, join(home, '.codex'))) {
    const authFile = authFileOf(target);
    discardLogin(lastGoodOf(authFile), (text) =>
      isAsNew(readCredential(authFile)?.text ?? '', text) ? authFile : undefined,
    );
    return ['the login of that Codex home'];
  }
  const isLink = lstatSync(vault, { throwIfNoEntry: false })?.isSymbolicLink();
  return isLink ? ['the login it leads to, by a link'] : undefined;
}

/** Whether there is a login to be removed. */
export function hasLogin({ vault }: Pick<Target, 'vault'>): boolean {
  return listNames(vault).some((name) => name === 'auth.json' || name === LAST_GOOD);
}

/** The credential file and our copy, Codex's lock beside it (fact 12), its and our temporary files. */
function isOfLogin(name: string): boolean {
  return (
    name === 'auth.json' ||
    name === LAST_GOOD ||
    name === 'auth.json.lock' ||
    name.startsWith('.auth-') ||
    isTemporaryName(name)
  );
}

/** The first names of many, for a line. */
export function nameSome(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const MOST_NAMES = 5;

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Sorted: auth.json comes before its copy. */
function listNames(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
